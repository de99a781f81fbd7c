"""Governance through the gateway's database: how the ledger stands, and what became of what was handed in."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlmodel import Session

from gateway.anchoring import governance
from gateway.anchoring.entries import FINAL, REJECTED
from gateway.anchoring.governance import Present
from gateway.anchoring.tables import LedgerEntry
from gateway.cli.faults import CANNOT_SAY, CommandError
from gateway.cli.runtime import database, engine_on, read_settings, transaction
from gateway.clock import utc_now
from gateway.migrations import upgrade

FIRST_SECONDS = 30.0
"""How long a worker may need to prove who governs, from its first start on: a ledger at rest makes a block in 15."""
LOOK_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Found:
    """What became of an entry: the height at which it was accepted, or why it was rejected; nothing yet."""

    height: int | None
    why: str | None

    @property
    def undecided(self) -> bool:
        """Whether nothing is known yet."""
        return self.height is None and self.why is None


def ask_present(data: Path | None) -> Present:
    """Return chain, height and who governs. Raises `CommandError` until the worker knows them."""
    with transaction(read_settings(data=data)) as session:
        return known_present(session)


def known_present(session: Session) -> Present:
    """Return the same within a transaction, which begins anew while the worker is at its first proof."""
    deadline = time.monotonic() + FIRST_SECONDS
    while (found := governance.present(session)) is None and time.monotonic() < deadline:
        session.rollback()
        time.sleep(LOOK_SECONDS)
    if found is None:
        raise CommandError(
            "the worker has proved nothing of the ledger yet: let it run until something was anchored", code=CANNOT_SAY
        )
    return found


@contextmanager
def handed_in(data: Path | None, entry: bytes) -> Iterator[Callable[[], Found]]:
    """Hand an entry in, and yield what says what became of it so far."""
    settings = read_settings(data=data)
    with database(settings) as url, engine_on(url) as engine:
        if settings.database_url is None:
            upgrade(engine)
        with Session(engine) as session:
            number = governance.hand_in(session, entry, now=utc_now()).number
            session.commit()

            def look() -> Found:
                session.rollback()
                return _found(session.get_one(LedgerEntry, number))

            yield look


def _found(entry: LedgerEntry) -> Found:
    return Found(
        height=entry.height if entry.state == FINAL else None, why=entry.log if entry.state == REJECTED else None
    )
