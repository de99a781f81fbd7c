"""Records and receipts: signed by a key that the ledger knows, and anchored as they are."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from gateway.audit.kinds import NOT_ANCHORED, RECEIPT_CHANGED, RECORD_CHANGED
from ledger import jws, receipt, record, sdjwt
from ledger.audit.findings import Finding, Kind
from ledger.codec import b64u
from ledger.errors import LedgerError
from ledger.record import leaf as leaf_of
from ledger.state.signers import key_holds

Keys = Callable[[str], Mapping[str, Any] | None]
"""Gives the ledger's value of a key of its state, such as `key/<org>/<kid>`."""


@dataclass(frozen=True, slots=True)
class Anchorage:
    """Where a document stands: its leaf in a batch, or in the journal, and the height of the batch's entry."""

    batched: bytes | None
    waiting: bytes | None
    height: int | None
    stored_at: datetime

    @property
    def leaf(self) -> bytes | None:
        """The leaf that was queued of the document, if there is one."""
        return self.batched or self.waiting


@dataclass(frozen=True, slots=True)
class Limits:
    """The gateway's organisation; the present; and how long something may wait for the ledger."""

    gateway_id: str
    now: datetime
    grace: timedelta


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """A record's row; `disclosures` are decrypted, None if they are erased or cannot be."""

    id: str
    provider_id: str
    product: str
    version: int
    level: str
    jwt: str
    leaf: bytes
    disclosures: Sequence[str] | None
    anchorage: Anchorage


@dataclass(frozen=True, slots=True)
class StoredReceipt:
    """A receipt's row, with the commitment of the consent's version that it cites."""

    jti: str
    consent_id: str
    version: int
    bank_id: str
    jws: str
    commitment: bytes | None
    anchorage: Anchorage


def check_record(row: StoredRecord, keys: Keys, limits: Limits) -> Iterator[Finding]:
    """Yield what is wrong with a record."""
    where = f"record {row.id}"
    yield from anchored(where, row.anchorage, limits)
    leaf = leaf_of(row.jwt) if row.jwt.isascii() else b""
    expected = row.anchorage.leaf or row.leaf
    if leaf != expected:
        yield Finding(RECORD_CHANGED, where, f"it hashes to leaf {b64u(leaf)}, anchored was {b64u(expected)}")
        return
    if row.leaf != leaf:
        yield Finding(RECORD_CHANGED, where, f"its row has leaf {b64u(row.leaf)}, it hashes to {b64u(leaf)}")
    try:
        shown = record.read(sdjwt.combine(row.jwt, row.disclosures or ()))
        _signed(shown.jws, f"key/{shown.issuer}/{shown.jws.kid}", "sealing", row.anchorage.height, keys)
    except LedgerError as error:
        yield Finding(RECORD_CHANGED, where, str(error))
        return
    if row.disclosures is not None and shown.withheld:
        yield Finding(RECORD_CHANGED, where, f"{shown.withheld} of its disclosures are gone")
    if shown.issuer not in (shown.provider, limits.gateway_id):
        yield Finding(RECORD_CHANGED, where, f"it is sealed by {shown.issuer}, who is neither provider nor gateway")
    told = {
        "provider": (row.provider_id, shown.provider),
        "product": (row.product, shown.product),
        "version": (str(row.version), str(shown.version)),
        "level": (row.level, shown.level),
    }
    yield from told_otherwise(RECORD_CHANGED, where, told)


def check_receipt(row: StoredReceipt, keys: Keys, limits: Limits) -> Iterator[Finding]:
    """Yield what is wrong with a receipt."""
    where = f"receipt {row.jti} of consent {row.consent_id}"
    yield from anchored(where, row.anchorage, limits)
    leaf, expected = leaf_of(row.jws) if row.jws.isascii() else b"", row.anchorage.leaf
    if expected is not None and leaf != expected:
        yield Finding(RECEIPT_CHANGED, where, f"it hashes to leaf {b64u(leaf)}, anchored was {b64u(expected)}")
        return
    try:
        signed, said = receipt.read(row.jws)
        _signed(signed, f"key/{said.iss}/{signed.kid}", "receipts", row.anchorage.height, keys)
    except LedgerError as error:
        yield Finding(RECEIPT_CHANGED, where, str(error))
        return
    told = {
        "gateway": (limits.gateway_id, said.iss),
        "id": (row.jti, said.jti),
        "bank": (row.bank_id, said.aud),
        "consent": (row.consent_id, said.consent["id"]),
        "version": (str(row.version), str(said.consent["version"])),
        "commitment": (b64u(row.commitment or b""), said.consent["commitment"]),
        "time": (f"{int(row.anchorage.stored_at.timestamp())}", f"{said.iat}"),
    }
    yield from told_otherwise(RECEIPT_CHANGED, where, told)


def anchored(where: str, anchorage: Anchorage, limits: Limits) -> Iterator[Finding]:
    """Yield that a document was never queued to be anchored, or waits for too long."""
    if anchorage.leaf is None:
        yield Finding(NOT_ANCHORED, where, "no batch holds its leaf, and none waits for one")
    elif anchorage.batched is None and limits.now - anchorage.stored_at > limits.grace:
        seconds = (limits.now - anchorage.stored_at).total_seconds()
        yield Finding(NOT_ANCHORED, where, f"it waits for a batch for {seconds:.0f} seconds")


def _signed(signed: jws.Jws, name: str, usage: str, height: int | None, keys: Keys) -> None:
    """Raise `LedgerError` unless a key that the ledger knows for this usage, at this height, made the signature."""
    key = keys(name)
    if key is None:
        raise LedgerError(f"it is signed by {name}, which the ledger does not know")
    if height is not None and (reason := key_holds(key, usage=usage, height=height)):
        raise LedgerError(f"it is signed by {name}, which {reason}")
    jws.verify(signed, key["public_key"])


def told_otherwise(kind: Kind, where: str, told: Mapping[str, tuple[str, str]]) -> Iterator[Finding]:
    """Yield what a row says otherwise than what was signed: by name, what each of them says."""
    for name, (row, signed) in told.items():
        if row != signed:
            yield Finding(kind, where, f"its row has {name} {row}, what was signed says {signed}")
