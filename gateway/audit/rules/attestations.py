"""Attestations of banks: signed by the key beside them, told by their rows as signed, and anchored as they are."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from gateway.audit.kinds import ATTESTATION_CHANGED
from gateway.audit.rules.documents import Anchorage, Limits, anchored, told_otherwise
from ledger import attestation, jws
from ledger.audit.findings import Finding
from ledger.codec import b64u
from ledger.errors import LedgerError
from ledger.record import leaf as leaf_of


@dataclass(frozen=True, slots=True)
class StoredAttestation:
    """An attestation's row."""

    id: str
    consent_id: str
    version: int
    bank_id: str
    jti: str
    jws: str
    key: Mapping[str, str]
    pulled_until: datetime
    deleted_at: datetime | None
    law: str | None
    retained_until: datetime | None
    anchorage: Anchorage


def check(row: StoredAttestation, limits: Limits) -> Iterator[Finding]:
    """Yield what is wrong with an attestation."""
    where = f"attestation {row.id} of consent {row.consent_id}"
    yield from anchored(where, row.anchorage, limits)
    leaf, expected = leaf_of(row.jws) if row.jws.isascii() else b"", row.anchorage.leaf
    if expected is not None and leaf != expected:
        yield Finding(ATTESTATION_CHANGED, where, f"it hashes to leaf {b64u(leaf)}, anchored was {b64u(expected)}")
        return
    try:
        signed, said = attestation.read(row.jws)
        jws.verify(signed, attestation.public_members(row.key))
    except LedgerError as error:
        yield Finding(ATTESTATION_CHANGED, where, str(error))
        return
    told = {
        "id": (row.id, attestation.hash_of(row.jws)),
        "bank": (row.bank_id, said.iss),
        "consent": (row.consent_id, said.consent),
        "version": (str(row.version), str(said.version)),
        "jti": (row.jti, said.jti),
        "pulled_until": (_text(row.pulled_until), min(said.pulled_until, _text(row.anchorage.stored_at))),
        "deleted_at": (_text(row.deleted_at), str(said.deleted_at)),
        "law": (str(row.law), str(said.law)),
        "retained_until": (_text(row.retained_until), str(said.retained_until)),
    }
    yield from told_otherwise(ATTESTATION_CHANGED, where, told)


def _text(instant: datetime | None) -> str:
    return "None" if instant is None else f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
