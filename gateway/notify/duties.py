"""Tell a bank when it must delete: what it pulled has a life, by the terms of the version that it was pulled under.

A consent is looked at when something of it may have become due, at most once a day.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from gateway import journal
from gateway.clock import rfc3339
from gateway.consent import rules as consents
from gateway.consent import store
from gateway.consent.tables import Consent, ConsentVersion
from gateway.consent.values import duration
from gateway.notify.rules import DELETION_DUE
from gateway.notify.tables import DeletionDuty

SWEEP = 500
DAY = timedelta(days=1)
FirstPull = Callable[[Session, str, int, datetime], datetime | None]
"""Gives when something was first pulled under a consent (id, version) after an instant. Handed in: pulls lie beside."""


def schedule(session: Session, consent_id: str, version: int, *, now: datetime) -> None:
    """Have a consent looked at once what is pulled under a new version may be due to be deleted."""
    agreed = session.get_one(ConsentVersion, (consent_id, version))
    next_at = now + duration(agreed.terms["data_life"])
    statement = insert(DeletionDuty).values(consent_id=consent_id, told_until=now, next_at=next_at)
    sooner = func.least(col(DeletionDuty.next_at), next_at)
    session.execute(statement.on_conflict_do_update(index_elements=["consent_id"], set_={"next_at": sooner}))


def tell_due(session: Session, first_pull: FirstPull, *, now: datetime) -> None:
    """Have banks told of what has become due since they were told last."""
    due = select(DeletionDuty).where(DeletionDuty.next_at <= now).order_by(col(DeletionDuty.next_at)).limit(SWEEP)
    for duty in session.exec(due.with_for_update(skip_locked=True)).all():
        consent = session.get_one(Consent, duty.consent_id)
        soonest = [_tell(session, first_pull, consent, each, duty, now) for each in _versions(session, consent.id)]
        waiting = [each for each in soonest if each is not None]
        if waiting:
            duty.told_until, duty.next_at = now, max(min(waiting), now + DAY)
            session.add(duty)
        else:
            session.delete(duty)


def _tell(
    session: Session,
    first_pull: FirstPull,
    consent: Consent,
    agreed: ConsentVersion,
    duty: DeletionDuty,
    now: datetime,
) -> datetime | None:
    """Tell of a version's pulls that have become due; return when the next may be, None if there will be none."""
    life = duration(agreed.terms["data_life"])
    over = now - life
    first = first_pull(session, consent.id, agreed.version, duty.told_until - life)
    if first is not None and first <= over:
        body = {"bank": consent.bank_id, "version": agreed.version, "pulled_until": rfc3339(over)}
        journal.tell(session, type=DELETION_DUE, subject=consent.id, body=body, now=now)
    following = first_pull(session, consent.id, agreed.version, over)
    if following is not None:
        return following + life
    is_open = store.standing(consent, now=now).state in consents.LIVING
    return now + life if is_open and agreed.version == consent.version else None


def _versions(session: Session, consent_id: str) -> list[ConsentVersion]:
    return list(session.exec(select(ConsentVersion).where(ConsentVersion.consent_id == consent_id)))
