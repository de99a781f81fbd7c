"""A figure of the ledger, beside its baseline or by itself, with its goal."""

from dataclasses import dataclass

HEAD = "| what | ours | baseline | its | ratio | goal | kept |\n|---|---|---|---|---|---|---|"

MANY = 100


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is done for a figure; the tests do the least, so that none of them rots."""

    nodes: int = 4
    rounds: int = 3
    entries: int = 30
    """Brought in one after the other, in a round."""
    flood: int = 2_500
    """Brought in at once, in a round."""
    leaves: int = 10_000
    """In a batch, at most as many as a gateway puts into one."""
    pushes: int = 15
    consents: int = 1_000_000
    block: int = 500
    """Entries in a block on that state."""
    doublings: tuple[int, ...] = (0, 4, 8, 12, 16, 20)
    """Records in a batch: two to the power of these."""


LEAST = Effort(1, 1, 2, 20, 16, 1, 100, 5, (0, 3))


@dataclass(frozen=True, slots=True)
class Figure:
    """What was measured. `unit` may be a rate: then more is better, and `goal` is the least that is wanted."""

    what: str
    ours: float
    unit: str
    baseline: tuple[str, float] | None = None
    goal: float | None = None
    """Of the ratio to the baseline if there is one, else of the figure."""
    more_is_better: bool = False

    @property
    def ratio(self) -> float | None:
        """How many times the baseline it is."""
        return self.ours / self.baseline[1] if self.baseline else None

    @property
    def kept(self) -> bool | None:
        """Whether the goal is kept; None if there is none."""
        if self.goal is None:
            return None
        found = self.ours if self.ratio is None else self.ratio
        return found >= self.goal if self.more_is_better else found <= self.goal

    def line(self) -> str:
        """Return the figure's line of the table."""
        name, value = self.baseline or ("", None)
        ratio = "" if self.ratio is None else f"{self.ratio:,.2f}"
        goal = "" if self.goal is None else f"at {'least' if self.more_is_better else 'most'} {self.goal:,g}"
        told = {None: "", True: "yes", False: "**no**"}[self.kept]
        its = "" if value is None else f"{_number(value)} {self.unit}"
        return f"| {self.what} | {_number(self.ours)} {self.unit} | {name} | {its} | {ratio} | {goal} | {told} |"


def _number(value: float) -> str:
    """Return a number with three digits that count."""
    return f"{value:,.0f}" if value >= MANY else f"{value:.3g}"
