"""What is asked about receipts outside of a pull."""

from datetime import datetime

from sqlalchemy import func
from sqlmodel import Session, col, select

from gateway.pull.tables import Receipt


def first_pull(session: Session, consent_id: str, version: int, after: datetime) -> datetime | None:
    """Return when something was first pulled under a consent's version after an instant; None if nothing was."""
    found = select(func.min(col(Receipt.created_at))).where(
        Receipt.consent_id == consent_id, Receipt.version == version, col(Receipt.created_at) > after
    )
    first: datetime | None = session.exec(found).one()
    return first
