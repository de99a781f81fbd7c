"""What is fuzzed: a parser, what it may raise, and how long it may take."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

SECONDS = 0.25
"""What an input of a mebibyte or less may cost of the processor's time; of a larger one, so much for each mebibyte."""
MEBIBYTE = 1_048_576


class FindingError(AssertionError):
    """An input that a parser does not take as it should."""


@dataclass(frozen=True, slots=True)
class Target:
    """A parser of bytes; `errors` are those it documents. `seeds` are valid inputs, made when asked for.

    `largest` is the most bytes that anybody can make it read.
    """

    name: str
    parse: Callable[[bytes], object]
    errors: tuple[type[Exception], ...]
    seeds: Callable[[], Sequence[bytes]]
    largest: int


def check(target: Target, data: bytes, *, patience: float = 1.0) -> None:
    """Raise `FindingError` if the target raises what it does not document, or takes `patience` times too long."""
    began = time.thread_time()
    try:
        target.parse(data)
    except target.errors:
        pass
    except Exception as error:
        raise FindingError(f"{target.name}: {type(error).__name__}: {error}"[:1000]) from error
    spent, seconds = time.thread_time() - began, patience * SECONDS * max(1.0, len(data) / MEBIBYTE)
    if spent > seconds:
        raise FindingError(f"{target.name}: {len(data)} bytes took {spent:.2f} seconds, expected {seconds:.2f} at most")
