"""What happened and must be taken further: rows written in the transaction in which it happened.

`gateway.anchoring` takes them on and deletes them here: leaves into batches, entries onto the ledger. A `NOTIFY` wakes
it at commit, and says what was queued. Each row bears the id of the request at work, so that the worker's log lines
about it do too.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import insert, text
from sqlmodel import Session

from gateway.journal.tables import Leaf, QueuedEntry
from gateway.tracing import request_id

Stream = Literal["records", "receipts", "attestations"]
CHANNEL = "tidegate_journal"
LEAVES, ENTRIES = "leaves", "entries"
"""What a `NOTIFY` says was queued: leaves wait for more of them, entries are taken on at once."""


def queue_leaf(session: Session, stream: Stream, *, leaf: bytes, subject: str, now: datetime) -> None:
    """Queue a leaf hash (32 bytes, RFC 6962) to be anchored; `subject` is the id of the record or receipt."""
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
    """Wake the worker when the transaction commits: what is queued, in a word."""
    session.execute(text(f"NOTIFY {CHANNEL}, '{queued}'"))
