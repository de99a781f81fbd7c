"""What happened and must be taken further: rows written in the transaction in which it happened.

`gateway.anchoring` takes them on and deletes them here: leaves into batches, entries onto the ledger; `gateway.notify`
does so with what others are to be told. A `NOTIFY` wakes each at commit, and tells anchoring what was queued. Each row
bears the id of the request at work, so that the worker's log lines about it do too.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import insert, text
from sqlmodel import Session

from gateway.journal.tables import Happening, Leaf, QueuedEntry
from gateway.tracing import request_id

Stream = Literal["records", "receipts", "attestations"]
CHANNEL = "tidegate_journal"
"""Wakes anchoring."""
LEAVES, ENTRIES = "leaves", "entries"
"""What a `NOTIFY` to anchoring says was queued: leaves wait for more of them, entries are taken on at once."""
HAPPENINGS = "tidegate_happenings"
"""Wakes who tells others."""
RECORDS_FINAL = "records.final"
"""A batch of records is final; the subject is the number of its ledger entry."""
RECORDS_GIVEN = "records.given"
"""Stored records have a new owner; the body's `records` are their ids."""


def queue_leaf(session: Session, stream: Stream, *, leaf: bytes, subject: str, now: datetime) -> None:
    """Queue a leaf hash (32 bytes, RFC 6962) to be anchored; `subject` is the id of the record, or other document."""
    session.add(Leaf(stream=stream, leaf=leaf, subject=subject, request_id=request_id(), created_at=now))
    wake(session, LEAVES)


def queue_leaves(session: Session, stream: Stream, leaves: Sequence[tuple[bytes, str]], *, now: datetime) -> None:
    """Queue many (leaf hash, subject) at once, in their order; like `queue_leaf`."""
    common = {"stream": stream, "request_id": request_id(), "created_at": now}
    rows = [{"leaf": leaf, "subject": subject, **common} for leaf, subject in leaves]
    session.execute(insert(Leaf), rows)
    wake(session, LEAVES)


def queue_entry(session: Session, *, type: str, body: dict[str, Any], subject: str, now: datetime) -> None:  # noqa: A002 - the entry's own member
    """Queue a ledger entry of `type` with `body`; `subject` is the id of the consent or credential it is about."""
    session.add(QueuedEntry(type=type, body=body, subject=subject, request_id=request_id(), created_at=now))
    wake(session, ENTRIES)


def wake(session: Session, queued: str) -> None:
    """Wake anchoring when the transaction commits: what is queued, in a word."""
    session.execute(text(f"NOTIFY {CHANNEL}, '{queued}'"))


def tell(session: Session, *, type: str, subject: str, body: dict[str, Any], now: datetime) -> None:  # noqa: A002 - the event's own member
    """Have others told that something happened: `consent.<event>` (a consent's id), or one of those above."""
    session.add(Happening(type=type, subject=subject, body=body, request_id=request_id(), created_at=now))
    wake_tellers(session)


def wake_tellers(session: Session) -> None:
    """Have those who tell others look at the journal again at commit."""
    session.execute(text(f"NOTIFY {HAPPENINGS}"))
