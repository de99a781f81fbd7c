"""What is handed out: records with their places, and what the receipt says of them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ledger import consent_record, evidence, receipt, sdjwt
from ledger.blocks.times import NANO, from_datetime
from ledger.codec import b64u, sha256, unb64u
from tests.support.ledger import START
from tests.support.vectors.agreement import BANK, SALT


@dataclass(frozen=True, slots=True)
class Handed:
    """A record in the evidence: which entry anchors it, where in its batch, and as what it is shown."""

    anchor: str
    index: int
    path: tuple[bytes, ...]
    presentation: str


def sealer(presentation: str) -> str:
    """Return the state's key of a record's sealer, of a record that is in no good form too."""
    header, payload = (json.loads(unb64u(part)) for part in presentation.split(".")[:2])
    return f"key/{payload['iss']}/{header['kid']}"


def part(handed: Handed) -> evidence.RecordPart:
    leaf = evidence.leaf_part(index=handed.index, path=handed.path)
    return evidence.record_part(entry_id=handed.anchor, leaf=leaf, presentation=handed.presentation)


def said_of(agreed: Mapping[str, Any], handed: Sequence[Handed], *, by: str, keys_at: int) -> receipt.Receipt:
    """Return what the receipt says."""
    commitment = b64u(consent_record.record_commitment(agreed, SALT))
    return receipt.Receipt(
        iss=by,
        aud=BANK,
        cnf={"jkt": b64u(sha256(b"proof key"))},
        iat=from_datetime(START) // NANO + 60,
        jti=b64u(sha256(b"jti")[:16]),
        request=b64u(sha256(b"{}")),
        keys_at=keys_at,
        consent={"id": agreed["consent"], "version": agreed["version"], "commitment": commitment},
        records=[sdjwt.sd_hash(each.presentation) for each in handed],
        omitted=[],
    )
