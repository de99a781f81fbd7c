"""Whether the gateway can serve, and how far the worker is."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, Select, func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Mapped
from sqlmodel import Session, col

from gateway.anchoring.entries import REJECTED, SUBMITTED, WAITING
from gateway.anchoring.tables import LedgerEntry
from gateway.journal.tables import Leaf, QueuedEntry
from gateway.migrations import is_current

LATE_SECONDS = 60.0
"""A worker whose oldest work waits longer is late. The gateway still serves: a revocation needs no ledger."""


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits for the ledger: the age of the oldest in seconds (0: nothing waits), and the last height reached."""

    oldest_seconds: float
    leaves: int
    entries: int
    rejected: int
    last_height: int | None

    @property
    def late(self) -> bool:
        """Say whether the worker is so far behind that somebody should look."""
        return self.oldest_seconds > LATE_SECONDS


def database_fault(engine: Engine) -> str | None:
    """Return what is wrong with the database in a few words without any detail of it; None if it can be used."""
    try:
        with engine.connect() as connection:
            current = is_current(connection)
    except SQLAlchemyError:
        return "the database cannot be reached"
    return None if current else "the database lacks the newest schema: run tidegate db upgrade"


def backlog(session: Session, *, now: datetime) -> Backlog:
    """Return what waits for the ledger."""
    unfinished = col(LedgerEntry.state).in_((WAITING, SUBMITTED))
    waiting = [
        session.execute(_count_and_oldest(col(Leaf.created_at))).one(),
        session.execute(_count_and_oldest(col(QueuedEntry.created_at))).one(),
        session.execute(_count_and_oldest(col(LedgerEntry.created_at)).where(unfinished)).one(),
    ]
    oldest = min((since for _, since in waiting if since is not None), default=now)
    rejected = select(func.count()).select_from(LedgerEntry).where(col(LedgerEntry.state) == REJECTED)
    return Backlog(
        oldest_seconds=max(0.0, (now - oldest).total_seconds()),
        leaves=waiting[0][0],
        entries=waiting[1][0] + waiting[2][0],
        rejected=session.execute(rejected).scalar_one(),
        last_height=session.execute(select(func.max(col(LedgerEntry.height)))).scalar_one(),
    )


def _count_and_oldest(created_at: Mapped[datetime]) -> Select[int, datetime]:
    return select(func.count(created_at), func.min(created_at))
