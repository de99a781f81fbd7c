"""Batches of leaves: one sequence for each organisation and stream."""

from collections.abc import Mapping
from typing import Any

from ledger.codec import b64u
from ledger.errors import Rejected
from ledger.state.codes import Code
from ledger.state.view import Changes, View

NONE_BEFORE = b64u(bytes(32))
"""`previous` of the first batch."""


def anchor(state: View, _height: int, acting: str, body: Mapping[str, Any]) -> Changes:
    """Anchor the next batch: its number follows the last one's, and it names the last one's root."""
    place = f"batch/{acting}/{body['stream']}"
    last = state.get(place, {"sequence": 0, "root": NONE_BEFORE})
    if body["sequence"] != last["sequence"] + 1:
        raise Rejected(Code.OUT_OF_SEQUENCE, f"batch {body['sequence']}, expected {last['sequence'] + 1}")
    if body["previous"] != last["root"]:
        raise Rejected(Code.OUT_OF_SEQUENCE, f"previous root {body['previous']}, expected {last['root']}")
    return {place: {"root": body["root"], "sequence": body["sequence"], "size": body["size"]}}
