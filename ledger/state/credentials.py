"""Commitments to owners' passkeys."""

from collections.abc import Mapping
from typing import Any

from ledger.errors import Rejected
from ledger.state.codes import Code
from ledger.state.view import Changes, View


def add(state: View, height: int, acting: str, body: Mapping[str, Any]) -> Changes:
    """Commit to an owner's passkey, valid from this height; `acting` enrolled it and answers for that."""
    place = f"credential/{body['commitment']}"
    if place in state:
        raise Rejected(Code.EXISTS, "this credential was already added")
    return {place: {"from": height, "org": acting, "until": 0}}


def remove(state: View, height: int, acting: str, body: Mapping[str, Any]) -> Changes:
    """End a passkey from this height on; what it signed before stays valid."""
    place = f"credential/{body['commitment']}"
    if place not in state or state[place]["org"] != acting:
        raise Rejected(Code.UNKNOWN, f"{acting} has added no such credential")
    if state[place]["until"]:
        raise Rejected(Code.WRONG_STATE, f"the credential ended at height {state[place]['until']}")
    return {place: {**state[place], "until": height}}
