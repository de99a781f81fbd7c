"""Receipts of what happened to a consent, one for each change, signed by the gateway, with the ledger's entries.

One canonical JSON document: `anchors`, `blocks`, `consent`, `format`, `handovers`, `keys`, `receipts`, `validators`
(docs/evidence.md, section 13). `ledger.verify.changes` checks one offline.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger import evidence, jws
from ledger.blocks.forms import whole
from ledger.bodies import Check, check_members, digest, instant, name, one_of
from ledger.codec import canonical, unb64u
from ledger.entries import ID_BYTES
from ledger.evidence import Anchor, BlockPart
from ledger.history import NEXT as OF_RECORDS

FORMAT = "tidegate-consent-receipts/1"
TYP = "tidegate-consent-receipt+jwt"
MOST_RECEIPT_BYTES = 4_096
NEXT: Mapping[str, tuple[tuple[str, ...], str]] = {
    **OF_RECORDS,
    "refused": (("requested",), "refused"),
    "expired": ((*OF_RECORDS["expired"][0], "requested"), "expired"),
}
"""From which states an event leads to which; those to an end that come before a consent was given leave no record."""
STATES = tuple(dict.fromkeys(to for _, to in NEXT.values()))
MEMBERS = ("iss", "sub", "aud", "iat", "consent", "version", "event", "state", "at", "record", "commitment", "entry")


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the gateway says of one change. `record`, `commitment`: None for what ended before it was given."""

    iss: str
    sub: str
    """The owner."""
    aud: str
    """The bank."""
    iat: int
    """When it was signed; `at` is when it happened."""
    consent: str
    version: int
    event: str
    state: str
    at: str
    record: str | None
    """The hash of the record as it was since."""
    commitment: str | None
    entry: str | None
    """The id of the ledger's entry, None if it was not final yet."""


def sign(receipt: Receipt, *, key: Ed25519PrivateKey, kid: str) -> str:
    """Return the receipt as a compact JWS."""
    return jws.sign(canonical({member: getattr(receipt, member) for member in MEMBERS}), typ=TYP, kid=kid, key=key)


def read(compact: str) -> tuple[jws.Jws, Receipt]:
    """Read a receipt without verifying its signature. Raises `CodecError` unless it says exactly what it should."""
    signed = jws.read(compact, typ=TYP, max_bytes=MOST_RECEIPT_BYTES)
    form: dict[str, Check] = {
        **dict.fromkeys(("iss", "sub", "aud"), name),
        "iat": lambda value: whole(value, "iat"),
        "consent": digest,
        "version": lambda value: whole(value, "version"),
        "event": one_of(*NEXT),
        "state": one_of(*STATES),
        "at": instant,
        "record": _or_null(digest),
        "commitment": _or_null(digest),
        "entry": _or_null(lambda value: unb64u(value, size=ID_BYTES)),
    }
    return signed, Receipt(**check_members(jws.payload(signed, max_bytes=MOST_RECEIPT_BYTES), form, "receipt"))


def assemble(
    consent: str,
    receipts: Sequence[tuple[str, str | None]],
    *,
    anchors: Mapping[str, Anchor],
    blocks: Mapping[int, BlockPart],
    keys: tuple[int, bytes],
    handovers: bytes,
) -> bytes:
    """Return the document: each receipt with the id of its entry, if that is final; all else as `evidence` has it."""
    used = [entry for _, entry in receipts if entry is not None]
    parts, number = evidence.on_ledger(used, anchors=anchors, blocks=blocks, keys=keys, handovers=handovers)
    parts |= {
        "consent": canonical(consent),
        "format": canonical(FORMAT),
        "receipts": evidence.listed(
            b'{"anchor":' + (number[entry] if entry else b"null") + b',"receipt":"' + each.encode("ascii") + b'"}'
            for each, entry in receipts
        ),
    }
    return evidence.document(parts)


def _or_null(check: Check) -> Check:
    def checked(value: object) -> None:
        if value is not None:
            check(value)

    return checked
