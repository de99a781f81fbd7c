"""How a figure is taken: the median of several rounds, each long enough to count."""

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

ROUNDS = 5
LEAST_SECONDS = 0.4


@dataclass(frozen=True, slots=True)
class Effort:
    """How often a figure is taken: so many rounds, each of so many requests over HTTP.

    `warm`: after one round that does not count. The tests run every measurement with the least effort, so that none
    of them rots.
    """

    rounds: int = ROUNDS
    requests: int = 1_500
    least_seconds: float = LEAST_SECONDS
    warm: bool = True


LEAST = Effort(rounds=1, requests=20, least_seconds=0.0, warm=False)


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


def microseconds(work: Callable[[], object], effort: Effort, *, each: int = 1) -> float:
    """Return the median time of one of the `each` things that `work` does."""
    if effort.warm:
        work()
    return statistics.median(_round(work, effort.least_seconds, each) for _ in range(effort.rounds))


def interleaved(works: Mapping[str, Callable[[], float]], effort: Effort) -> dict[str, float]:
    """Return the median of what each work gives; all in turn in each round."""
    if effort.warm:
        for work in works.values():
            work()
    taken = [{name: work() for name, work in works.items()} for _ in range(effort.rounds)]
    return {name: statistics.median(each[name] for each in taken) for name in works}


def _round(work: Callable[[], object], least_seconds: float, each: int) -> float:
    count, began = 0, time.perf_counter()
    while not count or time.perf_counter() - began < least_seconds:
        work()
        count += 1
    return (time.perf_counter() - began) / (count * each) * 1e6
