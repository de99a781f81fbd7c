"""What each type of ledger entry carries: one table, member by member.

Values are strings, integers, and lists and objects of these. 32-byte values are base64url without padding.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from ledger.blocks import times
from ledger.blocks.forms import members, whole
from ledger.codec import unb64u
from ledger.errors import CodecError

Check = Callable[[object], object]
"""Raises `CodecError` unless the value has the form."""

NAME = re.compile(r"[a-z0-9][a-z0-9-]{1,62}")
INSTANT_LENGTH = len("2026-11-24T09:00:00Z")
USAGES = ("entries", "sealing", "receipts", "attestations")
STREAMS = ("records", "receipts", "attestations")
ENDINGS = ("expired", "exhausted", "title")
CURVES = {"Ed25519": ("OKP", ("crv", "kty", "x")), "P-256": ("EC", ("crv", "kty", "x", "y"))}
MOST_KEYS = 20
LARGEST_POWER = 1_000_000


def name(value: object) -> str:
    """Check an organisation's id."""
    if not isinstance(value, str) or not NAME.fullmatch(value):
        raise CodecError("expected an organisation id: lower-case letters, digits and hyphens")
    return value


def digest(value: object) -> bytes:
    """Check 32 bytes in base64url: a hash, a commitment or a random id."""
    return unb64u(value, size=32)


def instant(value: object) -> None:
    """Check a time in UTC, whole seconds."""
    times.from_text(value)
    if len(str(value)) != INSTANT_LENGTH:
        raise CodecError("expected a time such as 2026-11-24T09:00:00Z")


def one_of(*known: str) -> Check:
    """Return a check for one of the strings."""

    def check(value: object) -> None:
        if value not in known:
            raise CodecError(f"got {value!r}, expected one of {', '.join(known)}")

    return check


def at_least(least: int, most: int = 2**53 - 1) -> Check:
    """Return a check for an integer within bounds."""

    def check(value: object) -> None:
        if whole(value, "number", least=least) > most:
            raise CodecError(f"got {value}, expected at most {most}")

    return check


def public_key(value: object) -> None:
    """Check a public JWK: Ed25519 (RFC 8037) or P-256 (RFC 7518), with no other members."""
    if not isinstance(value, dict) or not isinstance(value.get("crv"), str) or value["crv"] not in CURVES:
        raise CodecError("expected a public JWK on Ed25519 or P-256")
    kty, names = CURVES[value["crv"]]
    members(value, names, "public key")
    one_of(kty)(value["kty"])
    for coordinate in ("x", "y"):
        if coordinate in names:
            unb64u(value[coordinate], size=32)


def keys(value: object) -> None:
    """Check a list of keys to register: `[{kid, usage, public_key}]`, each kid once."""
    if not isinstance(value, list) or len(value) > MOST_KEYS:
        raise CodecError(f"expected a list of at most {MOST_KEYS} keys")
    for key in value:
        check_members(key, {"kid": digest, "usage": one_of(*USAGES), "public_key": public_key}, "key")
    if len({key["kid"] for key in value}) != len(value):
        raise CodecError("a kid is listed twice")


def check_members(value: object, form: Mapping[str, Check], what: str) -> Mapping[str, Any]:
    """Raise `CodecError` unless `value` has exactly the members of `form`, each as it should be."""
    given = members(value, tuple(form), what)
    for member, check in form.items():
        try:
            check(given[member])
        except CodecError as error:
            raise CodecError(f"{what}: {member}: {error}") from None
    return given


_CONSENT: Mapping[str, Check] = {"consent": digest, "version": at_least(1), "commitment": digest}
_TERMS: Mapping[str, Check] = {**_CONSENT, "expires_at": instant}
_TITLE: Mapping[str, Check] = {"document": digest, "holder": digest}
_CLAIM: Mapping[str, Check] = {"fingerprint": digest, "claim": digest}

BODIES: Mapping[str, Mapping[str, Check]] = {
    "org.register": {"org": name, "keys": keys},
    "org.rotate_key": {"org": name, "remove": digest, "compromised_since": at_least(0), "add": keys},
    "org.suspend": {"org": name},
    "validator.set": {"public_key": digest, "power": at_least(0, LARGEST_POWER)},
    "rules.activate": {"version": at_least(2), "height": at_least(0)},
    "owner.credential_added": {"commitment": digest},
    "owner.credential_removed": {"commitment": digest},
    "batch.anchor": {
        "stream": one_of(*STREAMS),
        "root": digest,
        "size": at_least(1),
        "sequence": at_least(1),
        "previous": digest,
    },
    "consent.granted": _TERMS,
    "consent.amended": _TERMS,
    "consent.paused": _CONSENT,
    "consent.resumed": _CONSENT,
    "consent.revoked": _CONSENT,
    "consent.ended": {**_CONSENT, "reason": one_of(*ENDINGS)},
    "title.issued": _TITLE,
    "title.transferred": _TITLE,
    "title.surrendered": _TITLE,
    "financing.claimed": _CLAIM,
    "financing.released": _CLAIM,
}
"""The body of each type. `remove` of a rotation is the kid that ends; `compromised_since` 0 means it was not,
`height` 0 of an activation that it is withdrawn."""
