"""What the suite found, as a page."""

import subprocess
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tests.conformance.plans import PLANS, Plan

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "conformance.md"
BEGIN, HEADING = "<!-- results -->\n", "\n## "
GOOD = frozenset({"PASSED", "WARNING", "SKIPPED", "REVIEW"})


@dataclass(frozen=True, slots=True)
class Judged:
    """A module with its result, how long it took, and what its log says of failures and warnings."""

    name: str
    result: str
    seconds: float
    trouble: Sequence[str]

    def __str__(self) -> str:
        return "\n".join([f"{self.result:12}{self.seconds:6.1f} s  {self.name}", *(f"      {e}" for e in self.trouble)])


@dataclass(frozen=True, slots=True)
class Judgement:
    """A plan with its modules."""

    plan: Plan
    modules: Sequence[Judged]

    @property
    def held(self) -> bool:
        """Whether there were modules, and none failed, was interrupted or took too long."""
        return bool(self.modules) and {each.result for each in self.modules} <= GOOD

    def tally(self) -> str:
        """Return how many modules have which result."""
        counted = Counter(each.result for each in self.modules)
        return ", ".join(f"{number} {result}" for result, number in sorted(counted.items()))


def write(judgements: Sequence[Judgement]) -> None:
    """Write the results into the page, each plan's in the place of what stood there of it."""
    said, _, old = PAGE.read_text().partition(BEGIN)
    kept = {part.partition("\n")[0]: part for part in old.split(HEADING)[1:]}
    found = kept | {each.plan.title: _section(each) for each in judgements}
    ordered = [found[plan.title] for plan in PLANS if plan.title in found]
    PAGE.write_text(said + BEGIN + "".join(HEADING + part.strip("\n") + "\n" for part in ordered))


def _section(judgement: Judgement) -> str:
    plan, modules = judgement.plan, judgement.modules
    variant = ", ".join(f"`{name}: {value}`" for name, value in plan.variant.items())
    lines = [plan.title, "", f"`{plan.name}` with {variant}."]
    lines += ["", f"{len(modules)} modules: {judgement.tally()}. {datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {_commit()}."]
    lines += ["", "| module | result |", "|---|---|"]
    lines += [f"| `{module.name}` | {module.result} |" for module in modules]
    told = [f"- `{module.name}`: {line}" for module in modules for line in module.trouble]
    return "\n".join([*lines, *(["", *told] if told else [])])


def _commit() -> str:
    """Return the commit, and whether anything was changed since."""
    command = ["git", "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()  # noqa: S603 - our own command
