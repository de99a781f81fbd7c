"""A crash at any point loses nothing and doubles nothing."""

from datetime import timedelta
from typing import Any

from sqlmodel import Session, col, select

from gateway.anchoring.tables import AnchoredLeaf, Batch, LedgerEntry
from gateway.anchoring.worker import step
from gateway.journal.tables import Leaf, QueuedEntry
from tests.support.anchoring import Anchoring, consent_id
from tests.support.crashes import Crash, crashing

DUE = timedelta(seconds=1)
LAST_POINT = 60


def queue(at_work: Anchoring, round_: int) -> None:
    at_work.queue_leaves(*(f"record {round_}.{number}" for number in range(3)))
    at_work.queue_leaves(f"receipt {round_}", stream="receipts")
    common: dict[str, Any] = {"consent": consent_id(round_), "version": 1, "commitment": consent_id(round_)}
    at_work.queue_entry("consent.granted", consent_id(round_), **common, expires_at="2027-01-31T00:00:00Z")
    at_work.queue_entry("consent.revoked", consent_id(round_), **common)
    at_work.queue_entry("owner.credential_added", consent_id(round_), commitment=consent_id(round_))
    at_work.clock.turn(DUE)


def crashes(at_work: Anchoring, point: int) -> bool:
    """Step until the crash at `point`, or until nothing changes; return whether it crashed."""
    with crashing(at_work.backend, point) as backend:
        try:
            while step(at_work.engine, backend, at_work.keyring, at_work.settings, at_work.clock()):
                pass
        except Crash:
            return True
    return False


def check(at_work: Anchoring, rounds: int) -> None:
    with Session(at_work.engine) as session:
        assert session.exec(select(Leaf)).all() == []
        assert session.exec(select(QueuedEntry)).all() == []
        subjects = session.exec(select(AnchoredLeaf.subject)).all()
        entries = session.exec(select(LedgerEntry)).all()
        sequences = {
            stream: session.exec(select(Batch.sequence).where(Batch.stream == stream).order_by(col(Batch.id))).all()
            for stream in ("records", "receipts")
        }
    expected = [f"record {round_}.{number}" for round_ in range(rounds) for number in range(3)]
    assert sorted(subjects) == sorted(expected + [f"receipt {round_}" for round_ in range(rounds)])
    for sequence in sequences.values():
        assert list(sequence) == list(range(1, len(sequence) + 1))
    assert {(entry.state, entry.log) for entry in entries} == {("final", None)}
    kinds = [entry.type for entry in entries]
    assert [kinds.count(f"consent.{what}") for what in ("granted", "revoked")] == [rounds, rounds]
    assert len(kinds) == 3 * rounds + sum(len(sequence) for sequence in sequences.values())
    assert ledger_entries(at_work) == len(entries)


def ledger_entries(at_work: Anchoring) -> int:
    return sum(len(at_work.backend.block(height).entries) for height in range(1, at_work.backend.height()))


def test_a_crash_at_any_point_loses_and_doubles_nothing(at_work: Anchoring) -> None:
    rounds = 0
    for point in range(LAST_POINT):
        queue(at_work, rounds)
        rounds += 1
        if not crashes(at_work, point):
            break  # the whole of it has fewer points
        at_work.finish()
        check(at_work, rounds)
    else:
        raise AssertionError(f"more than {LAST_POINT} points to crash at")
    assert rounds > 20
    check(at_work, rounds)
