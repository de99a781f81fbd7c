"""The receipt of a pull: what a bank was given, bound to it. A JWS by the gateway's receipts key."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger import jws
from ledger.blocks.forms import members, whole
from ledger.bodies import check_members, digest
from ledger.codec import canonical, unb64u
from ledger.errors import CodecError

TYP = "tidegate-receipt+jwt"
MOST_BYTES = 1_048_576
MEMBERS = ("iss", "aud", "cnf", "iat", "jti", "request", "keys_at", "consent", "records", "omitted")


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a receipt says. `request`: base64url of SHA-256 of the question's bytes; `iat`: seconds since 1970."""

    iss: str
    aud: str
    cnf: Mapping[str, str]
    """`{"jkt": thumbprint of the DPoP key that asked}` (RFC 9449 section 6.1)."""
    iat: int
    jti: str
    request: str
    keys_at: int
    """Height of the header under which the evidence's keys are proved."""
    consent: Mapping[str, Any]
    """`{id, version, commitment}`."""
    records: Sequence[str]
    """One `sd_hash` for each record handed out, in their order."""
    omitted: Sequence[Mapping[str, Any]]
    """`{product, reason, count}` for what the consent covers and the answer lacks."""


def sign(receipt: Receipt, *, key: Ed25519PrivateKey, kid: str) -> str:
    """Return the receipt as a compact JWS."""
    return jws.sign(canonical({name: getattr(receipt, name) for name in MEMBERS}), typ=TYP, kid=kid, key=key)


def read(compact: str) -> tuple[jws.Jws, Receipt]:
    """Read a receipt without verifying its signature. Raises `CodecError` unless it says exactly what it should."""
    signed = jws.read(compact, typ=TYP, max_bytes=MOST_BYTES)
    form = {
        **dict.fromkeys(("iss", "aud"), _text),
        "cnf": lambda value: check_members(value, {"jkt": digest}, "cnf"),
        "iat": lambda value: whole(value, "iat"),
        "jti": lambda value: unb64u(value, size=16),
        "request": digest,
        "keys_at": lambda value: whole(value, "keys_at", least=1),
        "consent": lambda value: check_members(
            value, {"id": digest, "version": lambda n: whole(n, "version", least=1), "commitment": digest}, "consent"
        ),
        "records": _hashes,
        "omitted": _omissions,
    }
    given = check_members(jws.payload(signed, max_bytes=MOST_BYTES), form, "receipt")
    return signed, Receipt(**given)


def _text(value: object) -> None:
    if not isinstance(value, str):
        raise CodecError("expected a string")


def _hashes(value: object) -> None:
    if not isinstance(value, list):
        raise CodecError("expected a list")
    for each in value:
        digest(each)


def _omissions(value: object) -> None:
    if not isinstance(value, list):
        raise CodecError("expected a list")
    for each in value:
        given = members(each, ("product", "reason", "count"), "omission")
        _text(given["product"])
        _text(given["reason"])
        whole(given["count"], "count", least=1)
