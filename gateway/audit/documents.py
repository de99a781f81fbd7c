"""Batches, records, receipts, attestations: streamed out of the database, decrypted, and each judged by the rules."""

from collections.abc import Iterator
from functools import lru_cache
from itertools import groupby
from typing import Any

from sqlalchemy import Row
from sqlmodel import Session

from gateway.audit import reads
from gateway.audit.kinds import ATTESTATION_GONE, RECEIPT_GONE, RECORD_CHANGED, RECORD_GONE, USES
from gateway.audit.rules import attestations as attestation_rules
from gateway.audit.rules import batches as batch_rules
from gateway.audit.rules import documents as rules
from gateway.audit.rules.attestations import StoredAttestation
from gateway.audit.rules.batches import StoredBatch, StoredLeaf
from gateway.audit.rules.documents import Anchorage, Keys, StoredReceipt, StoredRecord
from gateway.audit.scope import Progress, Scope
from gateway.records import crypto, store
from gateway.records.holders import holder, unwrap
from ledger.audit.findings import Finding

GONE = {"records": RECORD_GONE, "receipts": RECEIPT_GONE, "attestations": ATTESTATION_GONE}
HOLDERS = 4096
"""Holders' keys kept at hand."""


def check_batches(session: Session, scope: Scope) -> Iterator[Finding | Progress]:
    """Yield what is wrong with batches and the leaves in them."""
    total = reads.count(session, reads.batches(scope.since))
    leaves = groupby(reads.stream(session, reads.leaves(scope.since)), key=lambda row: row.batch_id)
    taken = next(leaves, None)
    before: StoredBatch | None = None
    for done, row in enumerate(reads.stream(session, reads.batches(scope.since)), start=1):
        batch = StoredBatch(*row)
        if before is None or before.stream != batch.stream:
            found = session.execute(reads.batch_before(batch.stream, batch.sequence)).first()
            before = StoredBatch(*found) if found is not None and scope.partial else None
        own: list[StoredLeaf] = []
        if taken is not None and taken[0] == batch.id:
            own = [StoredLeaf(each.index, each.leaf, each.part) for each in taken[1]]
            taken = next(leaves, None)
        yield from batch_rules.check(batch, before, own)
        before = batch
        scope.counts["leaves"] += len(own)
        yield Progress("batches", done, total)


def check_records(session: Session, scope: Scope, keys: Keys) -> Iterator[Finding | Progress]:
    """Yield what is wrong with records; those that are erased are counted."""
    total = reads.count(session, reads.records(scope.since))
    unwrapped = lru_cache(maxsize=HOLDERS)(unwrap)
    for done, row in enumerate(reads.stream(session, reads.records(scope.since)), start=1):
        try:
            shown = _disclosures(row, scope, unwrapped)
        except (crypto.DecryptionError, ValueError, TypeError) as error:
            shown = None
            yield Finding(RECORD_CHANGED, f"record {row.id}", f"its disclosures cannot be read: {error}")
        yield from rules.check_record(_record(row, shown), keys, scope.limits)
        yield Progress("records", done, total)
    yield from _gone(session, scope, "records")


def _disclosures(row: Row[Any], scope: Scope, unwrapped: Any) -> list[str] | None:  # noqa: ANN401 - cached `unwrap`
    """Return a record's disclosures, None if they are erased."""
    if row.wrapped_key is None or row.disclosures is None or row.holder_key is None:
        scope.counts["erased"] += 1
        return None
    held_by = holder(provider_id=row.provider_id, owner_id=row.owner_id)
    key = unwrapped(scope.master, held_by, row.holder_key)
    envelope = crypto.Envelope(row.wrapped_key, row.disclosures)
    return [each[2] for each in store.disclosures(key, row.id, envelope)]


def check_receipts(session: Session, scope: Scope, keys: Keys) -> Iterator[Finding | Progress]:
    """Yield what is wrong with receipts, and uses that are not counted as they were given."""
    total = reads.count(session, reads.receipts(scope.since))
    for done, row in enumerate(reads.stream(session, reads.receipts(scope.since)), start=1):
        yield from rules.check_receipt(_receipt(row), keys, scope.limits)
        yield Progress("receipts", done, total)
    yield from _gone(session, scope, "receipts")
    for consent_id, pulls, given in session.execute(reads.uses()):
        yield Finding(USES, f"consent {consent_id}", f"{pulls} uses are counted, {given} receipts are there")


def check_attestations(session: Session, scope: Scope) -> Iterator[Finding | Progress]:
    """Yield what is wrong with what banks attested."""
    total = reads.count(session, reads.attestations(scope.since))
    for done, row in enumerate(reads.stream(session, reads.attestations(scope.since)), start=1):
        yield from attestation_rules.check(_attestation(row), scope.limits)
        yield Progress("attestations", done, total)
    yield from _gone(session, scope, "attestations")


def _gone(session: Session, scope: Scope, name: str) -> Iterator[Finding]:
    for subject, sequence, index in session.execute(reads.gone(name, scope.since)):
        what = f"it is leaf {index} of batch {sequence} of {name}, and is not there"
        yield Finding(GONE[name], f"{name.removesuffix('s')} {subject}", what)


def _record(row: Row[Any], shown: list[str] | None) -> StoredRecord:
    return StoredRecord(
        id=row.id,
        provider_id=row.provider_id,
        product=row.product,
        version=row.version,
        level=row.level,
        jwt=row.jwt,
        leaf=row.leaf,
        disclosures=shown,
        anchorage=Anchorage(row.batched, row.waiting, row.height, row.received_at),
    )


def _receipt(row: Row[Any]) -> StoredReceipt:
    return StoredReceipt(
        jti=row.jti,
        consent_id=row.consent_id,
        version=row.version,
        bank_id=row.bank_id,
        jws=row.jws,
        commitment=row.commitment,
        anchorage=Anchorage(row.batched, row.waiting, row.height, row.created_at),
    )


def _attestation(row: Row[Any]) -> StoredAttestation:
    return StoredAttestation(
        id=row.id,
        consent_id=row.consent_id,
        version=row.version,
        bank_id=row.bank_id,
        jti=row.jti,
        jws=row.jws,
        key=row.key,
        pulled_until=row.pulled_until,
        deleted_at=row.deleted_at,
        law=row.law,
        retained_until=row.retained_until,
        anchorage=Anchorage(row.batched, row.waiting, row.height, row.received_at),
    )
