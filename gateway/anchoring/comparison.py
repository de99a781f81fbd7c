"""After the database was started, and so perhaps restored: what the ledger knows of this gateway and the database not.

A database of an earlier moment says of consents what is so no more. So nothing is pulled and nothing anchored until a
worker has read the ledger's blocks since the last header that the database knows, and taken over every entry of this
organisation in them. Where both differ, the ledger holds.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog
from sqlalchemy import Engine, func, text
from sqlmodel import Session, col, select

from gateway.anchoring import own
from gateway.anchoring.entries import WAITING, lane
from gateway.anchoring.reads import COMPARED, HERE
from gateway.anchoring.submission import UNFINISHED, finish
from gateway.anchoring.tables import Batch, KeyState, LedgerEntry
from gateway.db import once_committed
from gateway.journal.tables import QueuedEntry
from gateway.keys import Keyring
from ledger.backends.base import Backend, Block
from ledger.blocks import times
from ledger.codec import unb64u
from ledger.entries import Entry, decode
from ledger.errors import CodecError, LedgerError, Unavailable

RECENT = timedelta(seconds=60)
"""A replicated ledger makes a block every quarter of a minute: one whose newest is older stands still or lags."""
SUBJECTS = ("stream", "consent", "commitment", "org", "document", "fingerprint")
"""The members of a body that an entry may be about, the first that it has."""
MARK = text(
    f"INSERT INTO comparison (server_since, database, relation, height, compared_at) SELECT {HERE}, :height, :now"
)
Overtaken = Callable[[Session, str, Mapping[str, Any], datetime], None]
"""What a higher feature does about an entry that its tables know nothing of: (session, type, body, now)."""
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Comparing:
    """What it takes to compare the database with the ledger."""

    backend: Backend
    keyring: Keyring
    org: str
    overtaken: Overtaken
    now: datetime

    def unknown(self, engine: Engine) -> tuple[int, list[int]]:
        """Return up to which height the ledger was read, and the heights of blocks with entries to take over.

        Raises `LedgerError` if the ledger is older than what the database knows, or may not be the newest.
        """
        with Session(engine) as session:
            known: int | None = session.exec(select(func.max(KeyState.height))).one()
            reached = self._reached(known)
            first = self._registered(reached) if known is None else known
            heights = range(max(first, 1), reached)
            return reached, [height for height in heights if any(self._news(session, self.backend.block(height)))]

    def take_over(self, session: Session, heights: list[int], *, reached: int) -> None:
        """Store what these blocks have of this gateway, and that the database is compared, up to height `reached`."""
        for height in heights:
            block = self.backend.block(height)
            for index, entry in list(self._news(session, block)):
                self._take(session, entry, block, index)
        session.execute(text("DELETE FROM comparison"))
        session.execute(MARK, {"height": reached, "now": self.now})

    def _reached(self, known: int | None) -> int:
        """Return the ledger's newest height."""
        reached = self.backend.height()
        if reached < (known or 0):
            raise LedgerError(f"the ledger is at height {reached}, the database knows it up to {known}")
        if self.backend.engine != "embedded" and reached > 1:
            newest = times.to_datetime(self.backend.block(reached - 1).next.time)
            if self.now - newest > RECENT:
                raise Unavailable(f"the newest block is of {newest:%Y-%m-%dT%H:%M:%SZ}: the ledger stands still")
        return reached

    def _registered(self, reached: int) -> int:
        """Return since when the organisation may have signed anything: `reached` if the ledger does not know it."""
        found = own.states(self.backend, self.keyring, self.org, "organisation") if reached > 1 else {}
        return min((value["from"] for value in found.values()), default=reached)

    def _news(self, session: Session, block: Block) -> Iterator[tuple[int, Entry]]:
        """Yield place and content of a block's accepted entries of this gateway that the database does not know."""
        for index, (data, code) in enumerate(zip(block.entries, block.codes, strict=True)):
            if code:
                continue
            try:
                entry = decode(data)
            except CodecError:
                continue
            if [each.org for each in entry.signatures] != [self.org]:
                continue
            stored = select(LedgerEntry.number).where(LedgerEntry.entry_id == entry.id)
            if session.exec(stored).first() is None:
                yield index, entry

    def _take(self, session: Session, entry: Entry, block: Block, index: int) -> None:
        """Store an entry as final: in the place of the one that says the same and waits, or else with what follows."""
        row = _waiting(session, entry) or _queued(session, entry)
        if row is not None:
            row.entry_id, row.entry, row.not_after_height = entry.id, entry.data, entry.not_after_height
            finish(session, row, block, index)
            return
        row = _row(entry, self.now)
        finish(session, row, block, index)
        session.flush()
        more = {"entry": entry.id, "type": entry.type, "subject": row.subject, "height": row.height}
        once_committed(session, partial(_log.warning, "the ledger knows what the database does not", **more))
        if entry.type == "batch.anchor":
            _batch(session, row, entry.body)
        self.overtaken(session, entry.type, entry.body, self.now)


def is_done(session: Session) -> bool:
    """Say whether the database was compared with the ledger since its server was started and it was made there."""
    return bool(session.execute(text(f"SELECT {COMPARED}")).scalar_one())


def _waiting(session: Session, entry: Entry) -> LedgerEntry | None:
    statement = select(LedgerEntry).where(LedgerEntry.type == entry.type, col(LedgerEntry.state).in_(UNFINISHED))
    found = session.exec(statement.order_by(col(LedgerEntry.number))).all()
    return next((each for each in found if decode(each.entry).body == entry.body), None)


def _queued(session: Session, entry: Entry) -> LedgerEntry | None:
    statement = select(QueuedEntry).where(QueuedEntry.type == entry.type).order_by(col(QueuedEntry.id))
    queued = next((each for each in session.exec(statement) if each.body == entry.body), None)
    if queued is None:
        return None
    row = _row(entry, queued.created_at)
    row.subject, row.request_id, row.lane = queued.subject, queued.request_id, lane(entry.type, queued.subject)
    session.delete(queued)
    return row


def _row(entry: Entry, created_at: datetime) -> LedgerEntry:
    subject = next((str(entry.body[name]) for name in SUBJECTS if name in entry.body), entry.id)
    return LedgerEntry(
        entry_id=entry.id,
        type=entry.type,
        subject=subject,
        version=entry.body.get("version"),
        lane=lane(entry.type, subject),
        entry=entry.data,
        not_after_height=entry.not_after_height,
        state=WAITING,
        created_at=created_at,
    )


def _batch(session: Session, row: LedgerEntry, body: Mapping[str, Any]) -> None:
    """Store a batch without its leaves, for the next one follows it."""
    stream, sequence = body["stream"], body["sequence"]
    if session.exec(select(Batch.id).where(Batch.stream == stream, Batch.sequence == sequence)).first() is not None:
        raise LedgerError(f"batch {sequence} of {stream} is another one on the ledger than in the database")
    session.add(
        Batch(
            stream=stream,
            sequence=sequence,
            root=unb64u(body["root"]),
            size=body["size"],
            entry_number=row.number,
            created_at=row.created_at,
        )
    )
    session.flush()
