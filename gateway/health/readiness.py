"""Whether the gateway can serve, how far the worker is, and what somebody should look at."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, Select, func, select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Mapped
from sqlmodel import Session, col

from gateway.anchoring.comparison import is_done
from gateway.anchoring.entries import REJECTED, SUBMITTED, WAITING
from gateway.anchoring.proofs import newest_header
from gateway.anchoring.tables import LedgerEntry
from gateway.anchoring.worker import APPLICATION
from gateway.journal.tables import Leaf, QueuedEntry
from gateway.migrations import is_current
from gateway.settings import Settings

WORKERS = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = :application"
)


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits for the ledger: the age of the oldest in seconds (0: nothing waits), and the last height reached.

    `proved_height` is that of the newest header with its proofs: what is final below it is released.
    `workers` are those connected to the database at this moment. `compared`: the database is, with the ledger, since it
    was started; nothing is pulled before.
    """

    oldest_seconds: float
    leaves: int
    entries: int
    rejected: int
    last_height: int | None
    proved_height: int | None
    workers: int
    compared: bool

    def late(self, settings: Settings) -> bool:
        """Say whether the worker is so far behind that somebody should look. The gateway still serves."""
        return self.oldest_seconds > settings.late_seconds

    def warnings(self, settings: Settings) -> Iterator[str]:
        """Yield what somebody should look at, in sentences. None of it keeps the gateway from serving."""
        if not self.workers:
            yield "no worker is connected to the database: run tidegate worker, or see why it ended in its log"
        if not self.compared:
            yield (
                "the database was not compared with the ledger since it was started, and nothing is pulled before: "
                "the worker does that, see its log"
            )
        if self.late(settings):
            yield (
                f"the oldest of {self.leaves + self.entries} that wait for the ledger has done so for "
                f"{self.oldest_seconds:.0f} seconds, more than {settings.late_seconds:g}: see the worker's log"
            )
        if self.rejected:
            yield f"the ledger rejected {self.rejected} entries: see the worker's log for why"


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
        proved_height=newest_header(session),
        workers=session.execute(WORKERS, {"application": APPLICATION}).scalar_one(),
        compared=is_done(session),
    )


def _count_and_oldest(created_at: Mapped[datetime]) -> Select[int, datetime]:
    return select(func.count(created_at), func.min(created_at))
