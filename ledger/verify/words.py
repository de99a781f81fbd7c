"""What the state says of a key, in one sentence. A value that has not the form of its kind is refused."""

from collections.abc import Callable, Mapping
from typing import Any

from ledger.blocks import times
from ledger.blocks.forms import whole
from ledger.blocks.headers import Header
from ledger.bodies import USAGES, Check, at_least, check_members, digest, instant, name, one_of, public_key
from ledger.codec import canonical
from ledger.state.signers import key_holds

Value = Mapping[str, Any]
Telling = Callable[[str, Value, Header], str]


def _height(value: object) -> None:
    whole(value, "height")


CONSENT: Mapping[str, Check] = {
    "commitment": digest,
    "expires_at": instant,
    "height": at_least(1),
    "org": name,
    "state": one_of("active", "paused", "revoked", "expired", "exhausted", "title"),
    "version": at_least(1),
}
KEY: Mapping[str, Check] = {
    "compromised_since": _height,
    "from": _height,
    "public_key": public_key,
    "until": _height,
    "usage": one_of(*USAGES),
}
CREDENTIAL: Mapping[str, Check] = {"from": _height, "org": name, "until": _height}
CLAIM: Mapping[str, Check] = {
    "claim": digest,
    "height": at_least(1),
    "org": name,
    "state": one_of("claimed", "released"),
}
"""The values of the state that are told in words (docs/evidence.md, section 2.1)."""


def says(key: str, value: Value | None, header: Header) -> str:
    """Return what the state under `header` says of `key`. Raises `CodecError` for a value of another form."""
    family, _, rest = key.partition("/")
    if family not in KINDS or not rest:
        return f"{key}: {'absent' if value is None else canonical(value).decode()}"
    what, form, absent, telling = KINDS[family]
    named = what.format(*_parts(family, rest))
    if value is None:
        return f"{named}: {absent}"
    check_members(value, form, key)
    return f"{named}{telling(key, value, header)}"


def _parts(family: str, rest: str) -> tuple[str, ...]:
    """Return what a key's name is told with: an organisation's key is named before its organisation."""
    org, _, kid = rest.partition("/")
    return (kid, org) if family == "key" else (rest,)


def _consent(_: str, value: Value, header: Header) -> str:
    place = f"version {value['version']}, through {value['org']}"
    if value["state"] not in ("active", "paused"):
        return f": {value['state']} at height {value['height']}, {place}"
    if times.from_text(value["expires_at"]) <= header.time:
        return f": expired at {value['expires_at']}, {place}"
    return f": {value['state']} since height {value['height']}, until {value['expires_at']}, {place}"


def _key(_: str, value: Value, header: Header) -> str:
    told = [f"from height {value['from']}"]
    if value["until"]:
        told.append(f"ended at height {value['until']}")
    if value["compromised_since"]:
        told.append(f"compromised since height {value['compromised_since']}")
    holds = key_holds(value, usage=value["usage"], height=header.height) is None
    verdict = "valid" if holds else "not valid"
    return f", for {value['usage']}: {verdict} at height {header.height}, {', '.join(told)}"


def _organisation(_: str, value: Value, __: Header) -> str:
    return f": suspended at height {value['suspended']}" if value["suspended"] else ": registered"


def _credential(_: str, value: Value, __: Header) -> str:
    ended = f", removed at height {value['until']}" if value["until"] else ""
    return f": enrolled by {value['org']} at height {value['from']}{ended}"


def _claim(_: str, value: Value, __: Header) -> str:
    if value["state"] == "released":
        return f": unclaimed, released at height {value['height']}"
    return f": claimed through {value['org']} at height {value['height']}"


KINDS: Mapping[str, tuple[str, Mapping[str, Check], str, Telling]] = {
    "claim": ("fingerprint {}", CLAIM, "unclaimed, it never was claimed", _claim),
    "consent": ("consent {}", CONSENT, "absent, it was never granted", _consent),
    "credential": ("passkey {}", CREDENTIAL, "absent, it was never enrolled", _credential),
    "key": ("key {} of {}", KEY, "absent, it was never registered", _key),
    "org": ("organisation {}", {"suspended": _height}, "absent, it was never registered", _organisation),
}
"""By the first part of a key: its name, the form of its value, what its absence means, and how its value is told."""
