"""State proofs on request: asked for in a row, made by the worker under its newest header, read from the row.

No request waits for the ledger: whoever asks first is told to ask again shortly.
"""

from datetime import datetime, timedelta

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from gateway import journal
from gateway.anchoring.proofs import handovers_below
from gateway.anchoring.submission import UNFINISHED
from gateway.anchoring.tables import KeyState, LedgerEntry, StateProof
from gateway.journal.tables import QueuedEntry
from ledger import state_proof
from ledger.backends.base import Backend

FRESH = timedelta(seconds=10)
"""A proof made so long ago still answers, if nothing about its key became final since."""
MOST_AT_ONCE = 200


def fresh(session: Session, key: str, *, subject: str, now: datetime) -> bytes | None:
    """Return a state proof of `key`, made under the newest header or just now; None after asking the worker for one.

    `subject`: what the entries are about that change the key. While one is on its way to the ledger, no proof answers:
    it would say what is so no more. The caller's transaction must be committed.
    """
    found = session.get(StateProof, key)
    if found is not None and not _changing(session, subject) and _is_fresh(session, found, subject=subject, now=now):
        return found.document
    wanted = {"wanted": True}
    statement = insert(StateProof).values({"key": key, **wanted})
    session.execute(statement.on_conflict_do_update(index_elements=["key"], set_=wanted))
    journal.wake(session, journal.ENTRIES)
    return None


def _changing(session: Session, subject: str) -> bool:
    """Say whether an entry about `subject` is not final yet."""
    queued = select(QueuedEntry.id).where(QueuedEntry.subject == subject).limit(1)
    made = select(LedgerEntry.number).where(LedgerEntry.subject == subject, col(LedgerEntry.state).in_(UNFINISHED))
    return session.exec(queued).first() is not None or session.exec(made.limit(1)).first() is not None


def _is_fresh(session: Session, found: StateProof, *, subject: str, now: datetime) -> bool:
    if found.document is None or found.made_at is None or found.height is None:
        return False
    newest = session.exec(select(func.max(KeyState.height))).one()
    if found.height == newest:
        return True
    later = select(LedgerEntry.number).where(LedgerEntry.subject == subject, col(LedgerEntry.height) >= found.height)
    return now - found.made_at <= FRESH and session.exec(later.limit(1)).first() is None


def make_wanted(session: Session, backend: Backend, *, now: datetime) -> int:
    """Make the proofs that are asked for, under the newest header; return how many.

    Raises `LookupError` if the ledger has moved on meanwhile.
    """
    statement = select(StateProof).where(col(StateProof.wanted)).order_by(StateProof.key).limit(MOST_AT_ONCE)
    wanted = session.exec(statement).all()
    height = backend.height()
    if not wanted or height <= 1:
        return 0
    block, handovers = backend.block(height - 1), handovers_below(session, height)
    for row, proof in zip(wanted, backend.prove([each.key for each in wanted], height), strict=True):
        row.document = state_proof.build(block, [proof], handovers=handovers)
        row.height, row.made_at, row.wanted = height, now, False
        session.add(row)
    return len(wanted)
