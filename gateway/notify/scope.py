"""Which consents cover records that have become final: the rule of the pull itself, asked owner by owner."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, text
from sqlmodel import Session

from gateway.access.rules import Permit, Question, Standing, decide
from gateway.notify.rules import RECORDS_AVAILABLE, RECORDS_RETRACTED
from gateway.records.rules import State

HEAD = "(SELECT max(height) FROM keystate)"
FINAL = f"""EXISTS (
    SELECT 1 FROM anchoredleaf l JOIN batch b ON b.id = l.batch_id JOIN ledgerentry e ON e.number = b.entry_number
    WHERE l.subject = r.id AND e.state = 'final' AND e.height < {HEAD})"""  # noqa: S608 - constants
COLUMNS = "r.id, r.owner_id, r.product, r.identifiers, r.day, r.state"

OF_BATCH = text(f"""
SELECT {COLUMNS} FROM batch b JOIN anchoredleaf l ON l.batch_id = b.id JOIN record r ON r.id = l.subject
WHERE b.entry_number = :entry AND r.owner_id IS NOT NULL AND r.state IN ('current', 'retracted')
""")  # noqa: S608 - constants
NUMBERED = text(f"""
SELECT {COLUMNS} FROM record r
WHERE r.id = ANY(:ids) AND r.owner_id IS NOT NULL AND r.state = 'current' AND {FINAL}
""")  # noqa: S608 - constants
RETRACTED = text(f"""
SELECT {COLUMNS} FROM record n JOIN record r
    ON (r.provider_id, r.product, r.key) = (n.provider_id, n.product, n.key) AND r.id <> n.id
WHERE n.id = ANY(:ids) AND r.owner_id IS NOT NULL AND NOT r.retracts AND {FINAL}
""")  # noqa: S608 - constants
"""What was released, or could have been, of documents that are retracted: their versions that are final."""
CONSENTS = text(f"""
SELECT c.id, c.owner_id, c.bank_id, c.state, c.state_since, c.expires_at, c.version, v.terms, EXISTS (
    SELECT 1 FROM ledgerentry e
    WHERE e.subject = c.id AND e.version = c.version AND e.type IN ('consent.granted', 'consent.amended')
        AND e.state = 'final' AND e.height < {HEAD}) AS final
FROM consent c JOIN consentversion v ON v.consent_id = c.id AND v.version = c.version
WHERE c.owner_id = ANY(:owners) AND c.state = 'active'
ORDER BY c.id
""")  # noqa: S608 - constants


@dataclass(frozen=True, slots=True)
class Covered:
    """How many records of each product a bank's consent covers, that something happened to: an event to be."""

    type: str
    bank_id: str
    consent_id: str
    version: int
    records: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class _Item:
    product: str
    identifiers: Sequence[Mapping[str, Any]]
    day: date | None


def of_batch(session: Session, entry: int, *, now: datetime) -> list[Covered]:
    """Return who is to be told of a batch that is final, by the number of its ledger entry.

    One for each consent: of records that can be pulled now, and of those that were retracted.
    """
    rows = session.execute(OF_BATCH, {"entry": entry}).all()
    retracting = [row.id for row in rows if row.state == State.RETRACTED]
    retracted = session.execute(RETRACTED, {"ids": retracting}).all() if retracting else []
    available = [row for row in rows if row.state == State.CURRENT]
    return [
        *_covered(session, RECORDS_AVAILABLE, available, now=now),
        *_covered(session, RECORDS_RETRACTED, retracted, now=now),
    ]


def of_records(session: Session, ids: Sequence[str], *, now: datetime) -> list[Covered]:
    """Return who is to be told of records that got an owner; those not final yet are told of with their batch."""
    return _covered(session, RECORDS_AVAILABLE, session.execute(NUMBERED, {"ids": list(ids)}).all(), now=now)


def _covered(session: Session, event: str, rows: Iterable[Row[Any]], *, now: datetime) -> list[Covered]:
    by_owner: dict[str, list[_Item]] = defaultdict(list)
    for row in rows:
        by_owner[row.owner_id].append(_Item(row.product, row.identifiers, row.day))
    if not by_owner:
        return []
    found = []
    for consent in session.execute(CONSENTS, {"owners": list(by_owner)}):
        counts = _count(_permit(consent, now), by_owner[consent.owner_id])
        if counts:
            found.append(Covered(event, consent.bank_id, consent.id, consent.version, counts))
    return found


def _permit(consent: Row[Any], now: datetime) -> Permit | None:
    """Return what a pull of everything would permit at this moment; None if it would be refused."""
    standing = Standing(
        consent.id, consent.bank_id, consent.state, consent.state_since, consent.expires_at, consent.final
    )
    verdict = decide(standing, consent.terms, Question(), bank_id=consent.bank_id, now=now)
    return verdict if isinstance(verdict, Permit) else None


def _count(permit: Permit | None, items: Iterable[_Item]) -> dict[str, int]:
    if permit is None:
        return {}
    covered = (
        each.product
        for each in items
        if permit.covers(product=each.product, identifiers=each.identifiers, day=each.day)
    )
    return dict(Counter(covered))
