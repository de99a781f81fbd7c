"""Waiting on a condition, never on the clock."""

import time
from collections.abc import Callable
from typing import Any, TypeVar

import httpx2

PATIENCE_SECONDS = 60.0
POLL_SECONDS = 0.02
Found = TypeVar("Found")
_http = httpx2.Client(trust_env=False)  # one for all: each reads all certificate authorities when it is made


def until(look: Callable[[], Found], otherwise: str, *, seconds: float = PATIENCE_SECONDS) -> Found:
    """Return what `look` finds once it is true. Raises `AssertionError` that says `otherwise` after `seconds`."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        if time.monotonic() > deadline:
            raise AssertionError(f"{otherwise} within {seconds:g} s")
        time.sleep(POLL_SECONDS)
    return found


def readiness(issuer: str) -> dict[str, Any]:
    """Return what a gateway says at `/readyz`; nothing before it answers."""
    try:
        found: dict[str, Any] = _http.get(f"{issuer}/readyz").json()
    except httpx2.TransportError:
        return {}
    return found


def nothing_waits(issuer: str) -> bool:
    """Say whether everything that a gateway has taken in is on the ledger."""
    anchoring = readiness(issuer)["anchoring"]
    return not anchoring["leaves"] and not anchoring["entries"]
