"""After the load: everything acknowledged is there, once, and anchored: in database, ledger and proofs."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlmodel import Session, SQLModel, select

from gateway.anchoring.tables import AnchoredLeaf, Batch, LedgerEntry
from gateway.cli.demo import cast
from gateway.cli.demo.stage import Stage
from gateway.cli.runtime import open_ledger, read_settings
from gateway.client.bank import Bank
from gateway.client.connection import Connection, Tokens
from gateway.consent.tables import Consent, ConsentChange, ConsentVersion
from gateway.db import connect
from gateway.journal.tables import Leaf, QueuedEntry
from gateway.keys import load
from gateway.oauth.tables import PushedRequest, RefreshToken
from gateway.pull.tables import Receipt
from gateway.records.tables import Record
from ledger import merkle, receipt
from ledger.codec import b64u, sha256
from ledger.entries import decode
from ledger.record import leaf as leaf_of
from ledger.verify import Verdict, verify
from tests.support.acknowledged import Acknowledged
from tests.support.market import Market

TABLES = (
    AnchoredLeaf,
    Batch,
    LedgerEntry,
    Consent,
    ConsentChange,
    ConsentVersion,
    Leaf,
    QueuedEntry,
    PushedRequest,
    RefreshToken,
    Receipt,
    Record,
)


@dataclass(frozen=True)
class Stored:
    """Every row of the tables above, as it was after the load."""

    rows: dict[type[SQLModel], list[Any]]

    def __getitem__(self, table: type[SQLModel]) -> list[Any]:
        return self.rows[table]

    def by(self, table: type[SQLModel], column: str) -> dict[Any, list[Any]]:
        """Return a table's rows by a column's value."""
        found = defaultdict(list)
        for row in self.rows[table]:
            found[getattr(row, column)].append(row)
        return found


def url(stage: Stage) -> str:
    """Return the URL of an embedded gateway's database."""
    sockets = (stage.data / "postgresql" / "postmaster.pid").read_text().splitlines()[4]
    return f"postgresql://postgres@/postgres?host={sockets}"


@contextmanager
def session(stage: Stage) -> Iterator[Session]:
    """Yield a session on an embedded gateway's database."""
    engine = connect(url(stage), pool=1)
    with Session(engine, expire_on_commit=False) as opened:
        yield opened
    engine.dispose()


def settle(market: Market, notes: Acknowledged) -> Stored:
    """Wait until all is anchored; check each evidence, and that what is stored is what was acknowledged; return it."""
    if notes.faults:
        raise AssertionError("\n".join(notes.faults))
    market.stage.anchored()
    evidence_holds(market, read(market.stage), notes)
    market.stage.anchored()
    stored = read(market.stage)
    records_are_there(stored, notes)
    consents_are_there(stored, notes)
    receipts_are_there(stored, notes)
    everything_is_in_a_batch(stored)
    return stored


def read(stage: Stage) -> Stored:
    """Read everything that is checked."""
    with session(stage) as opened:
        return Stored({table: list(opened.exec(select(table))) for table in TABLES})


def records_are_there(stored: Stored, notes: Acknowledged) -> None:
    """Each acknowledged record is there, no document twice in one version, and the newest version is current."""
    records = {each.id: each for each in stored[Record]}
    assert {record for ids in notes.pushes.values() for record in ids} - records.keys() == set()
    versions = Counter((each.provider_id, each.product, each.key, each.content) for each in records.values())
    assert [key for key, count in versions.items() if count > 1] == []
    current = Counter(
        (each.provider_id, each.product, each.key) for each in records.values() if each.state == "current"
    )
    assert set(current.values()) <= {1}
    assert {records[each].state for each in notes.newest.values()} <= {"current"}


def consents_are_there(stored: Stored, notes: Acknowledged) -> None:
    """Each transition acknowledged is there, once, with one final entry on the ledger; and none is half done."""
    consents = {each.id: each for each in stored[Consent]}
    requests = {each.id: each.consent_id for each in stored[PushedRequest]}
    granted = {requests[each] for each in notes.granted} | set(notes.tokens.values())
    assert granted <= {each.id for each in consents.values() if each.version == 1}
    assert {consents[each].state for each in notes.revoked} <= {"revoked"}
    assert {b64u(each.token_hash) for each in stored[RefreshToken]} >= {
        b64u(sha256(each.encode())) for each in notes.tokens
    }
    versions, changes = stored.by(ConsentVersion, "consent_id"), stored.by(ConsentChange, "consent_id")
    entries = stored.by(LedgerEntry, "subject")
    for consent in consents.values():
        given = 1 if consent.state in ("active", "revoked") else 0
        ended = 1 if consent.state == "revoked" else 0
        assert [each.version for each in versions[consent.id]] == [1] * given
        assert [each.event for each in changes[consent.id]] == ["withdrawn"] * ended
        made = [each.type for each in sorted(entries[consent.id], key=lambda each: each.number)]
        assert made == ["consent.granted"] * given + ["consent.revoked"] * ended


def receipts_are_there(stored: Stored, notes: Acknowledged) -> None:
    """Each evidence that arrived has its receipt there; uses are counted right, and none is after a revocation."""
    receipts = {each.jti: each for each in stored[Receipt]}
    seen = [receipt.read(json.loads(each)["receipt"])[1].jti for each in notes.evidence]
    assert len(set(seen)) == len(seen)
    assert set(seen) - receipts.keys() == set()
    uses = Counter(each.consent_id for each in receipts.values() if each.opening)
    assert {each.id: each.pulls for each in stored[Consent] if each.pulls} == dict(uses)
    for each in receipts.values():
        assert each.consent_id not in notes.revoked or each.created_at < notes.revoked[each.consent_id]


def everything_is_in_a_batch(stored: Stored) -> None:
    """Every record and receipt is a leaf of one batch whose root is that of its leaves, in a sequence without gaps."""
    expected = {each.id: each.leaf for each in stored[Record]}
    expected |= {each.jti: leaf_of(each.jws) for each in stored[Receipt]}
    assert {each.subject: each.leaf for each in stored[AnchoredLeaf]} == expected
    assert stored[Leaf] == stored[QueuedEntry] == []
    leaves = stored.by(AnchoredLeaf, "batch_id")
    for batch in stored[Batch]:
        own = sorted(leaves[batch.id], key=lambda each: each.index)
        assert [each.index for each in own] == list(range(batch.size))
        assert merkle.root([each.leaf for each in own]) == batch.root
    for batches in stored.by(Batch, "stream").values():
        assert sorted(each.sequence for each in batches) == list(range(1, len(batches) + 1))
    assert {(each.state, each.log) for each in stored[LedgerEntry]} == {("final", None)}


def on_the_ledger(stage: Stage, stored: Stored) -> None:
    """See that the ledger, once its worker has ended, holds the very entries that the database has as final, once."""
    settings = read_settings(data=stage.data, port=stage.port)
    ledger = open_ledger(settings, load(settings.keys_path))
    try:
        blocks = [(height, ledger.block(height)) for height in range(1, ledger.height())]
    finally:
        ledger.close()
    assert {code for _, block in blocks for code in block.codes} == {0}
    found = [(height, entry) for height, block in blocks for entry in block.entries]
    assert sorted(found) == sorted((each.height, each.entry) for each in stored[LedgerEntry])
    anchored = [decode(entry).body for _, entry in found if decode(entry).type == "batch.anchor"]
    told = [(body["stream"], body["sequence"], body["root"], body["size"]) for body in anchored]
    assert sorted(told) == sorted((each.stream, each.sequence, b64u(each.root), each.size) for each in stored[Batch])


def evidence_holds(market: Market, stored: Stored, notes: Acknowledged) -> None:
    """See that each evidence that arrived verifies offline, and that what is pulled now shows the newest versions."""
    for each in notes.evidence:
        verified(market, each)
    consents = {each.id: each for each in stored[Consent]}
    current = {each.id: each for each in stored[Record] if each.state == "current"}
    living = [(refresh, consent) for refresh, consent in notes.tokens.items() if consents[consent].state == "active"]
    for refresh, consent in living:
        with Connection(market.stage.issuer, market.players.bank) as connection:
            tokens: Tokens = Bank(connection).refresh(refresh)
            data = Bank(connection).evidence(tokens).data
        numbers = {each["value"] for each in consents[consent].asked["identifiers"]}
        expected = [each for each in current.values() if each.key.rpartition(":")[2] in numbers]
        assert len(verified(market, data).records) == len(expected)


def verified(market: Market, data: bytes) -> Verdict:
    """Return the verdict on an evidence. Raises `VerificationError`."""
    trust = (market.stage.data / "trust.json").read_bytes()
    return verify(data, trust, audience=cast.BANK, now=datetime.now(UTC))
