"""What is asked about receipts outside of a pull. Pulls are known by the second, as their receipts say it (`iat`)."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func
from sqlmodel import Session, col, select

from gateway.pull.tables import Receipt

SECOND = timedelta(seconds=1)


def first_pull(session: Session, consent_id: str, version: int, after: datetime) -> datetime | None:
    """Return in which second something was first pulled under a version after an instant; None if nothing was."""
    found = _of_version(func.min(col(Receipt.created_at)), consent_id, version)
    first: datetime | None = session.exec(found.where(col(Receipt.created_at) >= _second(after) + SECOND)).one()
    return first and _second(first)


def last_pull(session: Session, consent_id: str, version: int, until: datetime) -> datetime | None:
    """Return in which second something was last pulled under a version up to an instant; None if nothing was."""
    found = _of_version(func.max(col(Receipt.created_at)), consent_id, version)
    last: datetime | None = session.exec(found.where(col(Receipt.created_at) < _second(until) + SECOND)).one()
    return last and _second(last)


def _of_version(what: Any, consent_id: str, version: int) -> Any:  # noqa: ANN401 - sqlmodel's own types
    return select(what).where(Receipt.consent_id == consent_id, Receipt.version == version)


def _second(instant: datetime) -> datetime:
    return instant.replace(microsecond=0)
