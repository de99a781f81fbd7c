"""Let the OpenID Foundation's conformance suite judge Tidegate; its tally is written to docs/conformance.md.

python -m tests.conformance --suite FOLDER [--url https://localhost:8443] [--plan N ...] [MODULE ...]
"""

import argparse
import base64
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.conformance import report
from tests.conformance.market import Market, market
from tests.conformance.plans import PLANS, Plan
from tests.conformance.report import Judged, Judgement
from tests.conformance.suite import Module, Suite, SuiteError
from tests.support.chromium import chromium
from tests.support.person import Person

PICTURES = Path(__file__).parents[2] / "build" / "conformance"
LOOK_AGAIN_SECONDS = 0.3
PATIENCE_SECONDS = 240.0


def main() -> int:
    """Run the plans; return 0 if no module failed, was interrupted or took too long."""
    wanted = _arguments()
    chosen = [plan for number, plan in enumerate(PLANS, 1) if not wanted.plan or number in wanted.plan]
    try:
        with Suite(wanted.url, wanted.suite) as suite, tempfile.TemporaryDirectory() as folder:
            judgements = _judge(suite, Path(folder), chosen, wanted.modules)
    except SuiteError as error:
        print(error, file=sys.stderr)
        return 1
    if not wanted.modules:
        report.write(judgements)
    return 0 if all(each.held for each in judgements) else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.conformance", description=__doc__)
    parser.add_argument("--suite", type=Path, required=True, help="folder of the built suite")
    parser.add_argument("--url", default="https://localhost:8443", help="where it runs")
    parser.add_argument("--plan", type=int, action="append", help="by number; without: all")
    parser.add_argument("modules", nargs="*", help="parts of the names of modules; without: all")
    return parser.parse_args()


def _judge(suite: Suite, folder: Path, plans: Sequence[Plan], modules: Sequence[str]) -> list[Judgement]:
    with market(folder, suite.url) as place, chromium() as browser:
        person = Person.enrolled(browser, place.invitation)
        return [_run_plan(suite, place, person, plan, modules) for plan in plans]


def _run_plan(suite: Suite, place: Market, person: Person, plan: Plan, wanted: Sequence[str]) -> Judgement:
    configuration = place.configuration(plan)
    plan_id, modules = suite.plan(plan.name, plan.variant, configuration)
    chosen = [each for each in modules if not wanted or any(word in each.name for word in wanted)]
    print(f"{plan.title}: {len(chosen)} modules", flush=True)
    pictures = PICTURES / plan.alias
    pictures.mkdir(parents=True, exist_ok=True)
    found = Judgement(plan, [_run(suite, plan_id, each, person, pictures) for each in chosen])
    print(found.tally(), flush=True)
    return found


def _run(suite: Suite, plan_id: str, module: Module, person: Person, pictures: Path) -> Judged:
    """Run a module to its end, the person doing what it asks for."""
    run, began = suite.start(plan_id, module), time.monotonic()
    while True:
        ended, result = suite.state(run)
        if ended:
            break
        if time.monotonic() - began > PATIENCE_SECONDS:
            suite.stop(run)
            result = "TIMEOUT"
            break
        for url in suite.to_visit(run):
            if picture := person.visit(url, module.name):
                (pictures / f"{module.name}.png").write_bytes(picture)
                _show(suite, run, picture)
        time.sleep(LOOK_AGAIN_SECONDS)
    judged = Judged(module.name, result, time.monotonic() - began, suite.trouble(run))
    print(judged, flush=True)
    return judged


def _show(suite: Suite, run: str, picture: bytes) -> None:
    """Give the suite a picture of the page."""
    for place in suite.wants_picture(run):
        suite.show(run, place, "data:image/png;base64," + base64.b64encode(picture).decode())


if __name__ == "__main__":
    sys.exit(main())
