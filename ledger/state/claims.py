"""Financing claims: one active claim on a fingerprint, whoever makes it."""

from collections.abc import Mapping
from typing import Any

from ledger.errors import Rejected
from ledger.state.codes import Code
from ledger.state.view import Changes, View


def claim(state: View, height: int, acting: str, body: Mapping[str, Any]) -> Changes:
    """Claim a fingerprint; a second active claim is a conflict."""
    place = f"claim/{body['fingerprint']}"
    if place in state and state[place]["state"] == "claimed":
        raise Rejected(Code.CONFLICT, "this fingerprint is already claimed")
    return {place: {"claim": body["claim"], "height": height, "org": acting, "state": "claimed"}}


def release(state: View, height: int, acting: str, body: Mapping[str, Any]) -> Changes:
    """Release one's own claim."""
    place = f"claim/{body['fingerprint']}"
    present = state.get(place)
    if present is None or present["state"] != "claimed":
        raise Rejected(Code.UNKNOWN, "this fingerprint is not claimed")
    if present["org"] != acting or present["claim"] != body["claim"]:
        raise Rejected(Code.WRONG_SIGNER, "this claim is somebody else's")
    return {place: {**present, "height": height, "state": "released"}}
