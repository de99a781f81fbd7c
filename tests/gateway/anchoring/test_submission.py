import threading
from datetime import timedelta

import pytest
from sqlmodel import Session, col, select

from gateway.anchoring import proofs, worker
from gateway.anchoring.entries import VALID_BLOCKS, lane
from gateway.anchoring.tables import LedgerEntry
from gateway.anchoring.worker import Worker, step
from ledger.backends.base import Backend
from tests.support.anchoring import Anchoring, Forgetful, consent_id

DUE = timedelta(seconds=1)


def entries(at_work: Anchoring) -> list[LedgerEntry]:
    with Session(at_work.engine) as session:
        return list(session.exec(select(LedgerEntry).order_by(col(LedgerEntry.number))))


def granted(at_work: Anchoring, number: int) -> None:
    at_work.queue_entry(
        "consent.granted",
        consent_id(number),
        consent=consent_id(number),
        version=1,
        commitment=consent_id(100 + number),
        expires_at="2027-01-31T00:00:00Z",
    )


def test_an_entry_that_no_block_took_in_time_is_made_again_in_its_place(
    at_work: Anchoring, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "_prove", lambda *_: False)
    ledger = Forgetful(at_work.backend)
    granted(at_work, 1)
    take_step(at_work, ledger)
    (first,) = entries(at_work)
    assert first.state == "submitted"
    ledger.ahead = VALID_BLOCKS
    assert take_step(at_work, ledger) is False
    ledger.ahead = VALID_BLOCKS + 1
    assert take_step(at_work, ledger) is True
    (again,) = entries(at_work)
    assert again.number == first.number
    assert again.entry_id != first.entry_id
    assert again.not_after_height == first.not_after_height + VALID_BLOCKS + 1
    ledger.remembers = True
    take_step(at_work, ledger)
    assert [entry.state for entry in entries(at_work)] == ["final"]


def take_step(at_work: Anchoring, ledger: Backend) -> bool:
    return step(at_work.engine, ledger, at_work.keyring, at_work.settings, at_work.clock())


def test_what_changes_who_may_sign_holds_back_all_that_follows() -> None:
    assert lane("org.register", "bank") == lane("validator.set", "x") == lane("rules.activate", "2") == "governance"
    assert lane("consent.granted", "c") == lane("consent.revoked", "c") == "consent/c"
    assert lane("batch.anchor", "records") == "batch/records"


def test_a_worker_is_woken_by_the_journal_and_stops_when_told(
    at_work: Anchoring, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "IDLE_SECONDS", 60.0)
    running = Worker(at_work.engine, at_work.backend, at_work.keyring, at_work.settings, at_work.clock)
    thread = threading.Thread(target=running.run)
    woken = threading.Event()

    def notice(_: LedgerEntry) -> list[str]:
        woken.set()
        return []

    monkeypatch.setattr(proofs, "keys_in", notice)
    thread.start()
    granted(at_work, 1)
    assert woken.wait(10)
    running.stop()
    thread.join(10)
    assert not thread.is_alive()
    assert [entry.state for entry in entries(at_work)] == ["final"]


def test_a_worker_goes_on_after_a_failure(
    at_work: Anchoring, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(worker, "RETRY_SECONDS", 0.0)
    real, failures, done = proofs.keys_in, [ConnectionError("the node is away")], threading.Event()

    def fail_once(entry: LedgerEntry) -> list[str]:
        if failures:
            raise failures.pop()
        done.set()
        return real(entry)

    monkeypatch.setattr(proofs, "keys_in", fail_once)
    granted(at_work, 1)
    running = Worker(at_work.engine, at_work.backend, at_work.keyring, at_work.settings, at_work.clock)
    thread = threading.Thread(target=running.run)
    thread.start()
    assert done.wait(10)
    running.stop()
    thread.join(10)
    assert [entry.state for entry in entries(at_work)] == ["final"]
    assert "anchoring failed and is tried again" in capfd.readouterr().out
