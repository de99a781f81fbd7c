"""Waiting on a condition, never on the clock."""

import time
from collections.abc import Callable
from typing import TypeVar

PATIENCE_SECONDS = 60.0
POLL_SECONDS = 0.02
Found = TypeVar("Found")


def until(look: Callable[[], Found], otherwise: str, *, seconds: float = PATIENCE_SECONDS) -> Found:
    """Return what `look` finds once it is true. Raises `AssertionError` that says `otherwise` after `seconds`."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        if time.monotonic() > deadline:
            raise AssertionError(f"{otherwise} within {seconds:g} s")
        time.sleep(POLL_SECONDS)
    return found
