"""Organisations, their keys, and the validators: changed by governing organisations together."""

from collections.abc import Iterable, Mapping
from typing import Any

from ledger.errors import Rejected
from ledger.state.codes import Code
from ledger.state.view import Changes, View


def organisation(org: str, *, keys: Iterable[Mapping[str, Any]], height: int) -> Changes:
    """Return the state of a new organisation and its keys, valid from `height`."""
    return {f"org/{org}": {"suspended": 0}, **_keys(org, keys, height)}


def register(state: View, height: int, _acting: str, body: Mapping[str, Any]) -> Changes:
    """Add an organisation that does not govern."""
    if f"org/{body['org']}" in state:
        raise Rejected(Code.EXISTS, f"organisation {body['org']} is already registered")
    return organisation(body["org"], keys=body["keys"], height=height)


def rotate_key(state: View, height: int, _acting: str, body: Mapping[str, Any]) -> Changes:
    """End a key, from `compromised_since` on if it says so, and add others."""
    org = body["org"]
    place = f"key/{org}/{body['remove']}"
    if place not in state:
        raise Rejected(Code.UNKNOWN, f"{org} has no key {body['remove']}")
    if body["compromised_since"] > height:
        raise Rejected(Code.WRONG_STATE, f"compromised_since lies after height {height}")
    for key in body["add"]:
        if f"key/{org}/{key['kid']}" in state:
            raise Rejected(Code.EXISTS, f"{org} already has key {key['kid']}")
    old = state[place]
    ended: dict[str, Any] = {
        **old,
        "until": old["until"] or height,
        "compromised_since": _earliest(old["compromised_since"], body["compromised_since"]),
    }
    changes: Changes = {place: ended, **_keys(org, body["add"], height)}
    adds_signer = any(key["usage"] == "entries" for key in body["add"])
    if old["usage"] == "entries" and not adds_signer:
        changes |= _without_governor(state, org)
    return changes


def suspend(state: View, height: int, _acting: str, body: Mapping[str, Any]) -> Changes:
    """Let an organisation sign nothing more."""
    place = f"org/{body['org']}"
    if place not in state:
        raise Rejected(Code.UNKNOWN, f"organisation {body['org']} is not registered")
    if state[place]["suspended"]:
        raise Rejected(Code.WRONG_STATE, f"organisation {body['org']} is already suspended")
    return {place: {"suspended": height}, **_without_governor(state, body["org"])}


def set_validator(state: View, _height: int, _acting: str, body: Mapping[str, Any]) -> Changes:
    """Give a validator its power; 0 removes it. The last one stays."""
    validators = {**state["validators"], body["public_key"]: body["power"]}
    if body["public_key"] not in state["validators"] and not body["power"]:
        raise Rejected(Code.UNKNOWN, "no such validator")
    remaining = {key: power for key, power in validators.items() if power}
    if not remaining:
        raise Rejected(Code.LOCKOUT, "the last validator cannot be removed")
    return {"validators": remaining}


def _keys(org: str, keys: Iterable[Mapping[str, Any]], height: int) -> Changes:
    return {
        f"key/{org}/{key['kid']}": {
            "compromised_since": 0,
            "from": height,
            "public_key": key["public_key"],
            "until": 0,
            "usage": key["usage"],
        }
        for key in keys
    }


def _without_governor(state: View, org: str) -> Changes:
    """Return the change by which `org` governs no longer. Raises `Rejected` if too few would remain."""
    governors = state["governors"]["orgs"]
    if org not in governors:
        return {}
    remaining = [each for each in governors if each != org]
    if len(remaining) < state["parameters"]["governance"]:
        raise Rejected(
            Code.LOCKOUT,
            f"{len(remaining)} governing organisations would remain, {state['parameters']['governance']} must sign",
        )
    return {"governors": {"orgs": remaining}}


def _earliest(first: int, second: int) -> int:
    return min(first, second) if first and second else first or second
