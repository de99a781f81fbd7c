"""Make events of what the journal holds, numbered for each bank in the order in which they are committed.

Numbers are given by one transaction at a time, under a lock: whoever has seen a bank's event n has seen, or can see,
every one before it, however late the transaction committed that an event is about.
"""

import secrets
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, func, insert, select, text
from sqlmodel import Session

from gateway import figures, journal
from gateway.anchoring import comparison
from gateway.db import once_committed
from gateway.deletion import duties
from gateway.journal.tables import Happening
from gateway.notify import scope
from gateway.notify.rules import CONSENT, DELETION, MAKES_A_VERSION, State
from gateway.notify.tables import Delivery, Event
from ledger.codec import b64u

LOCK = 0x7465_6C6C
"""The advisory lock of who gives numbers ("tell")."""
CHANNEL = "tidegate_events"
"""Wakes the streams of a bank, which the payload names."""
MOST_AT_ONCE = 500
ID_BYTES = 16

TAKE = text("""
DELETE FROM happening WHERE id IN (
    SELECT h.id FROM happening h
    WHERE h.type <> 'records.final' OR EXISTS (
        SELECT 1 FROM ledgerentry e
        WHERE e.number = h.subject::int AND e.height < (SELECT max(height) FROM keystate))
    ORDER BY h.id LIMIT :limit)
RETURNING id, type, subject, body, request_id, created_at
""")
"""A batch waits until the newest header proves it: before that, no pull releases its records."""
LAST = text("""
SELECT b.id, coalesce((SELECT max(number) FROM event e WHERE e.bank_id = b.id), 0) AS number
FROM unnest(CAST(:banks AS text[])) AS b(id)
""")
WEBHOOKS = text("SELECT bank_id, name FROM webhook WHERE bank_id = ANY(:banks) AND gone_at IS NULL")


@dataclass(frozen=True, slots=True)
class New:
    """An event that has no number yet."""

    bank_id: str
    type: str
    consent_id: str
    version: int
    data: dict[str, Any]
    happened_at: datetime
    request_id: str | None = None


def step(engine: Engine, now: datetime) -> int:
    """Make events of what happened, and queue them for the webhooks; return how much of the journal was taken.

    Nothing is, before the database was compared with the ledger: restored, it may say of consents what is so no more.
    """
    with Session(engine) as session:
        session.execute(select(func.pg_advisory_xact_lock(LOCK)))
        if not comparison.is_done(session):
            return 0
        rows = session.execute(TAKE, {"limit": MOST_AT_ONCE}).mappings().all()
        taken = sorted((Happening(**row) for row in rows), key=lambda each: each.id or 0)
        number(session, [event for each in taken for event in _events(session, each, now)], now)
        session.commit()
    return len(taken)


def number(session: Session, events: Sequence[New], now: datetime) -> None:
    """Store events under their banks' next numbers. The caller holds the lock."""
    banks = sorted({each.bank_id for each in events})
    if not banks:
        return
    last: dict[str, int] = {row.id: row.number for row in session.execute(LAST, {"banks": banks})}
    rows = []
    for each in events:
        last[each.bank_id] += 1
        rows.append(_row(each, last[each.bank_id], now))
    session.execute(insert(Event), rows)
    _queue(session, rows, now)
    for bank in banks:
        session.execute(select(func.pg_notify(CHANNEL, bank)))
    for each in events:
        once_committed(session, figures.events.labels(each.type).inc)


def _events(session: Session, happening: Happening, now: datetime) -> Iterable[New]:
    if happening.type.startswith((CONSENT, DELETION)):
        return [_about_consent(session, happening, now)]
    if happening.type == journal.RECORDS_FINAL:
        covered = scope.of_batch(session, int(happening.subject), now=now)
    elif happening.type == journal.RECORDS_GIVEN:
        covered = scope.of_records(session, happening.body["records"], now=now)
    else:
        raise ValueError(f"nobody is told of a {happening.type!r}")
    return [
        New(each.bank_id, each.type, each.consent_id, each.version, {"records": dict(each.records)}, now)
        for each in covered
    ]


def _about_consent(session: Session, happening: Happening, now: datetime) -> New:
    body = dict(happening.body)
    bank, version = body.pop("bank"), body.pop("version")
    if happening.type in MAKES_A_VERSION:
        duties.schedule(session, happening.subject, version, now=now)
    at, request_id = happening.created_at, happening.request_id
    return New(bank, happening.type, happening.subject, version, body, at, request_id)


def _row(event: New, number: int, now: datetime) -> dict[str, Any]:
    return {
        "bank_id": event.bank_id,
        "number": number,
        "id": f"evt_{b64u(secrets.token_bytes(ID_BYTES))}",
        "type": event.type,
        "consent_id": event.consent_id,
        "version": event.version,
        "data": event.data,
        "happened_at": event.happened_at,
        "request_id": event.request_id,
        "created_at": now,
    }


def _queue(session: Session, rows: Sequence[dict[str, Any]], now: datetime) -> None:
    """Queue a delivery of each event to each webhook of its bank."""
    webhooks: dict[str, list[str]] = defaultdict(list)
    for bank, name in session.execute(WEBHOOKS, {"banks": sorted({row["bank_id"] for row in rows})}):
        webhooks[bank].append(name)
    deliveries = [
        {
            "bank_id": row["bank_id"],
            "webhook": name,
            "number": row["number"],
            "state": State.PENDING,
            "next_at": now,
        }
        for row in rows
        for name in webhooks[row["bank_id"]]
    ]
    if deliveries:
        session.execute(insert(Delivery), deliveries)
