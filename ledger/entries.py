"""Ledger entries: built, signed, and read back strictly.

An entry is RFC 8785 JSON of integers and strings: `{v, chain, id, not_after_height, type, body, signatures}`. Each
signature is Ed25519 over "tidegate/entry/1" || 0x00 || the RFC 8785 form without `signatures`; they are sorted by
organisation and key.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.blocks.forms import whole
from ledger.bodies import BODIES, check_members, digest, name, one_of
from ledger.codec import b64u, canonical, domain, parse_canonical, unb64u
from ledger.errors import CodecError

VERSION = 1
ID_BYTES = 16
MOST_BYTES = 65_536
MOST_SIGNATURES = 100
DOMAIN = domain("entry")
Unsigned = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Signature:
    """Organisation, its key's id, and 64 bytes of Ed25519."""

    org: str
    kid: str
    sig: bytes


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry as read: `signed` is what its signatures are over, `data` its canonical bytes."""

    chain: str
    id: str
    not_after_height: int
    type: str
    body: Mapping[str, Any]
    signatures: tuple[Signature, ...]
    signed: bytes
    data: bytes


def build(*, chain: str, entry_id: bytes, type: str, body: Mapping[str, Any], not_after_height: int) -> Unsigned:  # noqa: A002 - the entry's own member
    """Return an entry without signatures. `entry_id`: 16 random bytes. Raises `CodecError` if the body is not right."""
    _check_body(type, body)
    return {
        "v": VERSION,
        "chain": chain,
        "id": b64u(entry_id),
        "not_after_height": not_after_height,
        "type": type,
        "body": dict(body),
    }


def signing_bytes(unsigned: Unsigned) -> bytes:
    """Return what the signatures of an entry are over."""
    return DOMAIN + canonical(unsigned)


def sign(unsigned: Unsigned, *signers: tuple[str, str, Ed25519PrivateKey]) -> bytes:
    """Return the canonical entry, signed by each of `signers` (organisation, kid, key)."""
    signed = signing_bytes(unsigned)
    signatures = [{"org": org, "kid": kid, "sig": b64u(key.sign(signed))} for org, kid, key in signers]
    signatures.sort(key=lambda signature: (signature["org"], signature["kid"]))
    return canonical({**unsigned, "signatures": signatures})


def decode(data: bytes) -> Entry:
    """Read an entry. Raises `CodecError` unless it is canonical, complete, and its body is that of its type."""
    value = parse_canonical(data, max_bytes=MOST_BYTES, max_depth=8)
    form = {
        "v": _version,
        "chain": _text,
        "id": _id,
        "not_after_height": lambda height: whole(height, "height", least=1),
        "type": one_of(*BODIES),
        "body": lambda _: None,
        "signatures": _signatures,
    }
    given = check_members(value, form, "entry")
    _check_body(given["type"], given["body"])
    unsigned = {member: content for member, content in given.items() if member != "signatures"}
    return Entry(
        given["chain"],
        given["id"],
        given["not_after_height"],
        given["type"],
        given["body"],
        tuple(Signature(each["org"], each["kid"], unb64u(each["sig"])) for each in given["signatures"]),
        signing_bytes(unsigned),
        data,
    )


def _check_body(entry_type: str, body: object) -> None:
    one_of(*BODIES)(entry_type)
    check_members(body, BODIES[entry_type], entry_type)


def _version(value: object) -> None:
    if value != VERSION or isinstance(value, bool):
        raise CodecError(f"got {value!r}, expected {VERSION}")


def _text(value: object) -> None:
    if not isinstance(value, str):
        raise CodecError("expected a string")


def _id(value: object) -> None:
    unb64u(value, size=ID_BYTES)


def _sig(value: object) -> None:
    unb64u(value, size=64)


def _signatures(value: object) -> None:
    if not isinstance(value, list) or not 1 <= len(value) <= MOST_SIGNATURES:
        raise CodecError(f"expected a list of 1 to {MOST_SIGNATURES} signatures")
    for signature in value:
        check_members(signature, {"org": name, "kid": digest, "sig": _sig}, "signature")
    order = [(signature["org"], signature["kid"]) for signature in value]
    if any(first >= second for first, second in pairwise(order)):
        raise CodecError("signatures are not sorted by org and kid, each once")
