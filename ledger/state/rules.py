"""Versions of the state machine's rules: which of them holds at a height, and how the next one begins.

Governing organisations let a version begin at a height. Every node decides that alike, whatever its software knows; one
whose software lacks the version goes no further than the block before.
"""

from collections.abc import Mapping
from typing import Any

from ledger.errors import NewerRules, Rejected
from ledger.state.codes import Code
from ledger.state.view import Changes, View

FIRST = 1
"""The version that every chain begins with."""
NEWEST = 1
"""The newest version that this software knows."""
BROUGHT: Mapping[str, int] = {}
"""Types of entries that came after the first version, each with the version that brings it."""
LEAST_AHEAD = 10
"""So many blocks must lie between an activation and its height: it can still be withdrawn."""
WITHDRAWN = 0
"""`height` of an activation that takes back the one that is planned."""
KEY = "rules"


def active(state: View, height: int) -> int:
    """Return the version by which the block at `height` is executed, if `state` is the one before it."""
    return FIRST + sum(begins <= height for begins in _heights(state))


def planned(state: View, height: int) -> tuple[int, int] | None:
    """Return the version that is not active at `height` yet, and the height at which it begins."""
    later = [begins for begins in _heights(state) if begins > height]
    return (active(state, height) + 1, later[0]) if later else None


def last(state: View) -> tuple[int, int]:
    """Return the newest version that is active or planned, and the height at which it begins."""
    heights = _heights(state)
    return (FIRST + len(heights), heights[-1] if heights else 1)


def check_known(state: View, height: int) -> None:
    """Raise `NewerRules` if this software cannot execute the block at `height`."""
    version = active(state, height)
    if version > NEWEST:
        begins = _heights(state)[version - FIRST - 1]
        raise NewerRules(
            f"rules of version {version} hold from height {begins} on, this software knows those up to version"
            f" {NEWEST}: install one that knows version {version}, and start it on what is stored here"
        )


def check_type(state: View, height: int, entry_type: str) -> None:
    """Raise `Rejected` for a type of entry that is not there yet, just as software that does not know it would."""
    version = active(state, height)
    if (brought := BROUGHT.get(entry_type, FIRST)) > version:
        raise Rejected(
            Code.MALFORMED,
            f"entry: type: got {entry_type!r}, which comes with version {brought} of the rules; at height {height}"
            f" version {version} holds",
        )


def activate(state: View, height: int, _acting: str, body: Mapping[str, Any]) -> Changes:
    """Let the next version begin at a height; what was planned for it before is replaced, or withdrawn."""
    version, heights = active(state, height), _heights(state)
    if body["version"] != version + 1:
        raise Rejected(Code.OUT_OF_SEQUENCE, f"rules of version {body['version']}, expected {version + 1}")
    begun = heights[: version - FIRST]
    if body["height"] == WITHDRAWN:
        if begun == heights:
            raise Rejected(Code.UNKNOWN, f"no height is planned for rules of version {version + 1}")
        return {KEY: {"heights": begun} if begun else None}
    if body["height"] < height + LEAST_AHEAD:
        raise Rejected(
            Code.WRONG_STATE, f"rules would begin at height {body['height']}, expected {height + LEAST_AHEAD} or later"
        )
    return {KEY: {"heights": [*begun, body["height"]]}}


def _heights(state: View) -> list[int]:
    """Return where the versions after the first begin, in their order; the last may lie ahead."""
    heights: list[int] = state[KEY]["heights"] if KEY in state else []
    return heights
