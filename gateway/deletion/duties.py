"""Tell a bank when it must delete: what it pulled has a life, by the terms of the version that it was pulled under.

A version is looked at when something of it comes to a stage: soon due, due, overdue; at most once a day, or ten times
within a shorter life.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
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
from gateway.deletion import rules
from gateway.deletion.rules import Attested, Span, State
from gateway.deletion.tables import Attestation, DeletionDuty

SWEEP = 500
DAY = timedelta(days=1)
EVENTS = {
    State.REMINDED: "deletion.reminder",
    State.DUE: "deletion.due",
    State.OVERDUE: "deletion.overdue",
}
FirstPull = Callable[[Session, str, int, datetime], datetime | None]
"""Gives in which second something was first pulled under a consent (id, version) after an instant.

Handed in: pulls lie above.
"""


@dataclass(frozen=True, slots=True)
class Version:
    """A version while it is looked at: how long what is pulled lives, what is not deleted, and its pulls."""

    agreed: ConsentVersion
    life: timedelta
    spans: Sequence[Span]
    pulled_after: Callable[[datetime], datetime | None]

    def first_in(self, span: Span, after: datetime) -> datetime | None:
        """Return when something of a span was first pulled after an instant."""
        first = self.pulled_after(after)
        return first if first is not None and first <= span.until else None


def schedule(session: Session, consent_id: str, version: int, *, now: datetime) -> None:
    """Have a new version looked at once what is pulled under it may soon be due to be deleted."""
    agreed = session.get_one(ConsentVersion, (consent_id, version))
    life = duration(agreed.terms["data_life"])
    next_at = now + life - rules.lead(life)
    statement = insert(DeletionDuty).values(consent_id=consent_id, version=version, looked_at=now, next_at=next_at)
    session.execute(statement.on_conflict_do_nothing())


def tell_due(session: Session, first_pull: FirstPull, *, now: datetime) -> None:
    """Have banks told of what has come to a stage since it was looked at last."""
    due = select(DeletionDuty).where(col(DeletionDuty.next_at) <= now).order_by(col(DeletionDuty.next_at)).limit(SWEEP)
    for duty in session.exec(due.with_for_update(skip_locked=True)).all():
        _look(session, first_pull, duty, now)


def look(session: Session, first_pull: FirstPull, consent_id: str, version: int, *, now: datetime) -> None:
    """Look at a version at once: something new was attested of it."""
    schedule(session, consent_id, version, now=now)
    found = select(DeletionDuty).where(DeletionDuty.consent_id == consent_id, DeletionDuty.version == version)
    duty = session.exec(found.with_for_update().execution_options(populate_existing=True)).one()
    _look(session, first_pull, duty, now)


def version_of(session: Session, first_pull: FirstPull, agreed: ConsentVersion) -> Version:
    """Return what the rules need to know of a version."""
    return Version(
        agreed,
        duration(agreed.terms["data_life"]),
        rules.spans([attested(each) for each in of_version(session, agreed.consent_id, agreed.version)]),
        lambda after: first_pull(session, agreed.consent_id, agreed.version, after),
    )


def of_version(session: Session, consent_id: str, version: int) -> Sequence[Attestation]:
    """Return what was attested of a version, in order of arrival."""
    found = select(Attestation).where(Attestation.consent_id == consent_id, Attestation.version == version)
    return session.exec(found.order_by(col(Attestation.number))).all()


def attested(row: Attestation) -> Attested:
    """Return what the rules judge of an attestation."""
    return Attested(row.pulled_until, row.retained_until)


def overdue(session: Session) -> list[tuple[DeletionDuty, str]]:
    """Return the duties that are overdue, longest first, each with the id of its bank."""
    found = select(DeletionDuty, Consent.bank_id).join(Consent, col(Consent.id) == DeletionDuty.consent_id)
    since = col(DeletionDuty.overdue_since)
    rows = session.exec(found.where(since.is_not(None)).order_by(since, col(DeletionDuty.consent_id))).all()
    return [(duty, bank_id) for duty, bank_id in rows]


def overdue_of_owner(session: Session, owner_id: str) -> set[str]:
    """Return the consents (ids) of an owner of which a duty is overdue."""
    found = select(DeletionDuty.consent_id).join(Consent, col(Consent.id) == DeletionDuty.consent_id)
    return set(session.exec(found.where(Consent.owner_id == owner_id, col(DeletionDuty.overdue_since).is_not(None))))


def count_overdue(session: Session) -> int:
    """Return how many duties are overdue."""
    return session.exec(
        select(func.count()).select_from(DeletionDuty).where(col(DeletionDuty.overdue_since).is_not(None))
    ).one()


def _look(session: Session, first_pull: FirstPull, duty: DeletionDuty, now: datetime) -> None:
    consent = session.get_one(Consent, duty.consent_id)
    agreed = session.get_one(ConsentVersion, (duty.consent_id, duty.version))
    version = version_of(session, first_pull, agreed)
    for span in version.spans:
        _tell(session, consent, version, span, looked_at=duty.looked_at, now=now)
    duty.looked_at = now
    duty.overdue_since = min(_overdue_since(version, now), default=None)
    waiting = list(_next(version, now))
    if store.standing(consent, now=now).state in consents.LIVING and consent.version == duty.version:
        waiting.append(now + version.life - rules.lead(version.life))
    duty.next_at = max(min(waiting), now + min(DAY, rules.lead(version.life))) if waiting else None
    if duty.next_at is None and duty.overdue_since is None:
        session.delete(duty)
    else:
        session.add(duty)


def _stages(life: timedelta) -> tuple[tuple[State, timedelta], ...]:
    """Return the stages that a bank is told of, the last one first, and how far from the due instant each is."""
    return (State.OVERDUE, rules.GRACE), (State.DUE, timedelta()), (State.REMINDED, -rules.lead(life))


def _tell(
    session: Session, consent: Consent, version: Version, span: Span, *, looked_at: datetime, now: datetime
) -> None:
    """Tell of a span's pulls that have come to a stage since; of each pull the last stage alone."""
    told = span.after
    for stage, shift in _stages(version.life):
        pulls = rules.newly(span, version.life, shift, looked_at=looked_at, now=now)
        if pulls is None:
            continue
        after, until = max(told, pulls[0]), pulls[1]
        first = version.first_in(span, after)
        if first is None or first > until:
            continue
        told = max(told, until)
        body = {"bank": consent.bank_id, "version": version.agreed.version, "pulled_until": rfc3339(until)}
        if stage is State.REMINDED:
            body["due_at"] = rfc3339(rules.due_at(span, version.life, first))
        journal.tell(session, type=EVENTS[stage], subject=consent.id, body=body, now=now)


def _overdue_since(version: Version, now: datetime) -> Iterator[datetime]:
    for span in version.spans:
        first = version.first_in(span, span.after)
        if first is not None:
            over = rules.due_at(span, version.life, first) + rules.GRACE
            if over <= now:
                yield over


def _next(version: Version, now: datetime) -> Iterator[datetime]:
    """Yield when something that was pulled comes to a stage that it has not come to yet."""
    for span in version.spans:
        for _, shift in _stages(version.life):
            following = version.first_in(span, rules.due_by(span, version.life, now - shift))
            if following is not None:
                yield rules.due_at(span, version.life, following) + shift
