"""An owner's access log: the receipts of all pulls under its consents, with their places on the ledger.

One canonical JSON document: `anchors`, `blocks`, `format`, `handovers`, `keys`, `pending`, `pulls`, `statement`,
`validators` (docs/evidence.md, section 12). `ledger.verify.log` checks one offline.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger import evidence, jws
from ledger.blocks.forms import whole
from ledger.bodies import check_members, digest, name
from ledger.codec import b64u, canonical, sha256
from ledger.errors import CodecError
from ledger.evidence import Anchor, BlockPart

FORMAT = "tidegate-access-log/1"
TYP = "tidegate-access-log+jwt"
MOST_STATEMENT_BYTES = 1_048_576
MOST_CONSENTS = 10_000
MEMBERS = ("iss", "sub", "iat", "begins", "ends", "consents", "receipts")


@dataclass(frozen=True, slots=True)
class Statement:
    """What the gateway says of a log: these are all pulls from `begins` up to `ends`. Seconds since 1970."""

    iss: str
    sub: str
    """The owner."""
    iat: int
    begins: int
    ends: int
    """Before `iat`: what was answered just before the log was made may not stand in it yet."""
    consents: Sequence[str]
    """The owner's consents under which something may have been pulled, sorted."""
    receipts: str
    """`receipts_digest` of the log's receipts."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a receipt is anchored: the entry's id, and `evidence.leaf_part`."""

    entry_id: str
    leaf: bytes


def receipts_digest(receipts: Sequence[str]) -> str:
    """Return what a statement says of receipts: SHA-256 of the list of their SHA-256s, both in base64url."""
    return b64u(sha256(canonical([b64u(sha256(each.encode("ascii"))) for each in receipts])))


def sign(statement: Statement, *, key: Ed25519PrivateKey, kid: str) -> str:
    """Return the statement as a compact JWS."""
    return jws.sign(canonical({member: getattr(statement, member) for member in MEMBERS}), typ=TYP, kid=kid, key=key)


def read(compact: str) -> tuple[jws.Jws, Statement]:
    """Read a statement without verifying its signature. Raises `CodecError` unless it says exactly what it should."""
    signed = jws.read(compact, typ=TYP, max_bytes=MOST_STATEMENT_BYTES)
    form = {
        **dict.fromkeys(("iss", "sub"), name),
        "iat": lambda value: whole(value, "iat"),
        "begins": lambda value: whole(value, "begins"),
        "ends": lambda value: whole(value, "ends"),
        "consents": _consents,
        "receipts": digest,
    }
    return signed, Statement(**check_members(jws.payload(signed, max_bytes=MOST_STATEMENT_BYTES), form, "statement"))


def assemble(
    *,
    statement: str,
    pulls: Sequence[tuple[str, Place]],
    pending: Sequence[str],
    anchors: Mapping[str, Anchor],
    blocks: Mapping[int, BlockPart],
    keys: tuple[int, bytes],
    handovers: bytes,
) -> bytes:
    """Return the log in canonical form: `pulls` are receipts with their places, `pending` those not anchored yet.

    All else is as `evidence.assemble` has it.
    """
    used = list(dict.fromkeys(place.entry_id for _, place in pulls))
    parts, number = evidence.on_ledger(used, anchors=anchors, blocks=blocks, keys=keys, handovers=handovers)
    parts |= {
        "format": canonical(FORMAT),
        "pending": canonical(list(pending)),
        "pulls": evidence.listed(
            b'{"anchor":' + number[place.entry_id] + b"," + place.leaf + b',"receipt":"' + each.encode("ascii") + b'"}'
            for each, place in pulls
        ),
        "statement": canonical(statement),
    }
    return evidence.document(parts)


def _consents(value: object) -> None:
    if not isinstance(value, list) or len(value) > MOST_CONSENTS:
        raise CodecError(f"expected a list of at most {MOST_CONSENTS} consents")
    for each in value:
        digest(each)
    if value != sorted(set(value)):
        raise CodecError("consents are not sorted, each once")
