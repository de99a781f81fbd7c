"""Seal a record of some fifty disclosures, beside the signature and the hashes it needs."""

from collections.abc import Iterator
from hashlib import sha256
from secrets import token_bytes

from benchmarks.measure import Effort, Row, microseconds
from ledger import record
from tests.support.ledger import START, Key

FIELDS = 40


def rows(effort: Effort) -> Iterator[Row]:
    """Yield the figures."""
    key = Key()
    document = {f"field_{number}": f"value {number}" for number in range(FIELDS)}
    sealer = record.Sealer("tidegate", key.kid, key.private)

    def seal() -> record.SealedRecord:
        return record.seal(
            document,
            product="bill_of_lading",
            version=1,
            sealer=sealer,
            provider="oceanline",
            issued_at=START,
            original={"digest": "AA"},
        )

    payload = b"x" * 2000

    def bare() -> None:
        for _ in range(len(seal_once.disclosures)):
            sha256(token_bytes(16)).digest()
        key.private.sign(payload)

    seal_once = seal()
    count = len(seal_once.disclosures)
    ours, baseline = microseconds(seal, effort), microseconds(bare, effort)
    yield Row(f"seal a record ({count} disclosures)", ours, "its hashes and signature", baseline, None)
