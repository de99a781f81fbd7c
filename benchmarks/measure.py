"""How a figure is taken: the median of several rounds, each long enough to count."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

ROUNDS = 5
LEAST_SECONDS = 0.4


@dataclass(frozen=True, slots=True)
class Row:
    """A figure beside its baseline: both in microseconds for one of `what`; `goal` is the ratio wanted, at most."""

    what: str
    ours: float
    baseline_name: str
    baseline: float
    goal: float | None

    @property
    def ratio(self) -> float:
        """How many times the baseline it takes."""
        return self.ours / self.baseline


def microseconds(work: Callable[[], object], *, each: int = 1) -> float:
    """Return the median time of one of the `each` things that `work` does."""
    work()
    return statistics.median(_round(work, each) for _ in range(ROUNDS))


def _round(work: Callable[[], object], each: int) -> float:
    count, began = 0, time.perf_counter()
    while (spent := time.perf_counter() - began) < LEAST_SECONDS:
        work()
        count += 1
    return spent / (count * each) * 1e6
