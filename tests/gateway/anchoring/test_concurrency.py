from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from sqlmodel import Session, select

from gateway.anchoring.tables import AnchoredLeaf, LedgerEntry
from tests.support.anchoring import Anchoring, consent_id

DUE = timedelta(seconds=1)
WORKERS = 3


def test_workers_that_run_at_once_do_everything_once(at_work: Anchoring) -> None:
    for number in range(5):
        at_work.queue_leaves(*(f"record {number}.{place}" for place in range(4)))
        body = {"consent": consent_id(number), "version": 1, "commitment": consent_id(number)}
        at_work.queue_entry("consent.granted", consent_id(number), **body, expires_at="2027-01-31T00:00:00Z")
        at_work.clock.turn(DUE)
    with ThreadPoolExecutor(WORKERS) as pool:
        for finished in [pool.submit(steps, at_work) for _ in range(WORKERS)]:
            finished.result()
    at_work.finish()
    with Session(at_work.engine) as session:
        leaves = session.exec(select(AnchoredLeaf.subject)).all()
        entries = session.exec(select(LedgerEntry)).all()
    assert sorted(leaves) == sorted(f"record {number}.{place}" for number in range(5) for place in range(4))
    assert {entry.state for entry in entries} == {"final"}
    assert [entry.type for entry in entries].count("consent.granted") == 5
    written = [len(at_work.backend.block(height).entries) for height in range(1, at_work.backend.height())]
    assert sum(written) == len(entries)


def steps(at_work: Anchoring) -> None:
    for _ in range(10):
        at_work.step()
