"""Read a bank's events after a cursor: the number of the last one that it has seen.

The right to be told is asked at the moment of reading: events about an owner's records are left out once the consent
is no longer in force, or in another version than theirs. Their numbers are then missing.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg
from sqlalchemy import text
from sqlmodel import Session

from gateway.notify.rules import UNDER_CONSENT
from gateway.notify.told import Told

PAGE = 100


def _statement(bank: str, after: str, now: str, limit: str) -> str:
    """Return the statement with these placeholders: each driver has its own."""
    under_consent = ", ".join(f"'{each}'" for each in sorted(UNDER_CONSENT))
    return f"""
SELECT e.bank_id, e.number, e.id, e.type, e.consent_id, e.version, e.data, e.happened_at,
    e.type NOT IN ({under_consent}) OR EXISTS (
        SELECT 1 FROM consent c
        WHERE c.id = e.consent_id AND c.version = e.version AND c.state = 'active' AND c.expires_at > {now}) AS allowed
FROM event e WHERE e.bank_id = {bank} AND e.number > {after} ORDER BY e.number LIMIT {limit}
"""  # noqa: S608 - constants


SYNCHRONOUS = text(_statement(":bank", ":after", ":now", ":limit"))
ASYNCHRONOUS = _statement("$1", "$2", "$3", "$4")


@dataclass(frozen=True, slots=True)
class Page:
    """Events in order, the cursor to go on from, and whether there are more by now."""

    events: list[Told]
    next: int
    more: bool


def read(session: Session, bank_id: str, *, after: int, now: datetime, limit: int = PAGE) -> Page:
    """Return a bank's events after a cursor."""
    parameters = {"bank": bank_id, "after": after, "now": now, "limit": limit}
    return _page(session.execute(SYNCHRONOUS, parameters).mappings().all(), after, limit)


async def read_async(pool: asyncpg.Pool, bank_id: str, *, after: int, now: datetime) -> Page:
    """Return a bank's events after a cursor, for a stream."""
    rows = await pool.fetch(ASYNCHRONOUS, bank_id, after, now, PAGE)
    return _page([{**row, "data": json.loads(row["data"])} for row in rows], after, PAGE)


def one(session: Session, bank_id: str, number: int, *, now: datetime) -> Told | None:
    """Return an event, None if the bank may not be told of it any more."""
    page = read(session, bank_id, after=number - 1, now=now, limit=1)
    return page.events[0] if page.events and page.events[0].number == number else None


def _page(rows: Sequence[Mapping[Any, Any]], after: int, limit: int) -> Page:
    told = [Told(**{name: row[name] for name in Told.__slots__}) for row in rows if row["allowed"]]
    return Page(told, rows[-1]["number"] if rows else after, len(rows) == limit)
