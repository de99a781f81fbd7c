"""Consents asked for, refused, paused, resumed, revoked and ended; `gateway.consent.signing` gives them.

Each function is part of the caller's transaction and holds the consent's row locked. Nothing waits for the ledger:
its entry is queued in the same transaction.
"""

from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from gateway.clock import rfc3339
from gateway.consent import record as records
from gateway.consent import rules, store
from gateway.consent.details import TradeData
from gateway.consent.rules import Event, State
from gateway.consent.tables import Consent
from gateway.directory.participants import owner_by_identifier, participant
from gateway.directory.tables import Person
from gateway.errors import InvalidError, NotFoundError

LONGEST = timedelta(days=1096)
"""No consent is asked for longer."""
REQUEST_LASTS = timedelta(days=14)
"""What the owner has not answered by then lapses."""
SWEEP = 500


def request(session: Session, terms: TradeData, *, bank_id: str, now: datetime) -> Consent:
    """Record that a bank asks an owner, named in `terms`, for its data. It lapses after fourteen days.

    Raises `NotFoundError` if the bank or the owner is not registered, `InvalidError` if the consent would end in the
    past, or later than is allowed.
    """
    participant(session, bank_id, role="bank")
    owner = owner_by_identifier(session, terms.owner.scheme, terms.owner.value)
    if owner is None:
        raise NotFoundError(f"no owner with {terms.owner.scheme} {terms.owner.value!r} is registered")
    check_end(terms, now=now)
    begins = rules.requested(now=now, expires_at=min(terms.expires, now + REQUEST_LASTS))
    consent = Consent(
        id=store.consent_id(),
        owner_id=owner.id,
        bank_id=bank_id,
        asked=terms.as_json(),
        state=begins.state,
        state_since=begins.since,
        expires_at=begins.expires_at,
        requested_at=now,
    )
    session.add(consent)
    session.flush()
    store.count(session, begins.state)
    store.tell(session, consent, begins.state, now=now)
    return consent


def check_end(terms: TradeData, *, now: datetime) -> None:
    """Raise `InvalidError` if a consent on these terms would end in the past, or later than is allowed."""
    if not now < terms.expires <= now + LONGEST:
        raise InvalidError(f"expires_at {terms.expires_at}: expected after now, and within {LONGEST.days} days")


def refuse(session: Session, consent_id: str, *, person: Person, now: datetime) -> Consent:
    """Refuse what a bank asks. Refusing twice changes nothing. Raises `NotFoundError`, `ConflictError`."""
    store.find(session, consent_id, owner_id=person.participant_id)
    consent = store.locked(session, consent_id)
    if consent.state != State.REFUSED:
        store.move(
            session, consent, Event.REFUSED, store.after(consent, Event.REFUSED, now=now), reason="refused by the owner"
        )
    return consent


def revoke(session: Session, consent_id: str, *, person: Person, now: datetime) -> Consent:
    """End a consent by its owner's will, in force when the transaction commits. Revoking twice changes nothing.

    Raises `NotFoundError`, and `ConflictError` if it is not in force.
    """
    return _by_owner(session, consent_id, Event.WITHDRAWN, person=person, now=now)


def pause(session: Session, consent_id: str, *, person: Person, now: datetime) -> Consent:
    """Let a consent rest until its owner resumes it, in force when the transaction commits. As `revoke` otherwise."""
    return _by_owner(session, consent_id, Event.PAUSED, person=person, now=now)


def resume(session: Session, consent_id: str, *, person: Person, now: datetime) -> Consent:
    """Put a paused consent in force again, in the version that it has. As `revoke` otherwise."""
    return _by_owner(session, consent_id, Event.RESUMED, person=person, now=now)


def _by_owner(session: Session, consent_id: str, event: Event, *, person: Person, now: datetime) -> Consent:
    store.find(session, consent_id, owner_id=person.participant_id)
    consent = store.locked(session, consent_id)
    if store.standing(consent, now=now).state != rules.TRANSITIONS[event][1]:
        store.change(
            session,
            consent,
            event,
            initiator=consent.owner_id,
            happened=records.event(event, at=now, actor=person.id, channel="portal"),
            reason=rules.by_owner(event),
            now=now,
        )
    return consent


def give_up(session: Session, consent_id: str, *, bank_id: str, now: datetime) -> None:
    """End a consent by the will of the bank that has it, in force when the transaction commits.

    Raises `NotFoundError`, for another's as for none, and `ConflictError` if it is not in force.
    """
    found = session.get(Consent, consent_id) if store.is_id(consent_id) else None
    if found is None or found.bank_id != bank_id:
        raise NotFoundError(f"no consent {consent_id!r}")
    happened = records.event(Event.WITHDRAWN, at=now, actor=bank_id, channel="oauth")
    reason = "given up by the bank"
    consent = store.locked(session, consent_id)
    store.change(session, consent, Event.WITHDRAWN, initiator=bank_id, happened=happened, reason=reason, now=now)


def end_due(session: Session, *, gateway_id: str, now: datetime) -> int:
    """Store that consents have expired or are exhausted, and queue their ends for the ledger; return how many.

    They are out of force before: time and uses are judged at every pull. Rows that others hold locked wait for the
    next time.
    """
    expired = select(Consent).where(col(Consent.state).in_(rules.OPEN), Consent.expires_at <= now)
    exhausted = select(Consent).where(
        col(Consent.state).in_(rules.LIVING), col(Consent.pulls) >= col(Consent.maximum_pulls)
    )
    ended = 0
    for event, due in ((Event.EXPIRED, expired), (Event.EXHAUSTED, exhausted)):
        for consent in session.exec(due.limit(SWEEP).with_for_update(skip_locked=True)).all():
            _end(session, consent, event, gateway_id=gateway_id, now=now)
            ended += 1
    return ended


def _end(session: Session, consent: Consent, event: Event, *, gateway_id: str, now: datetime) -> None:
    if event is Event.EXHAUSTED:
        reason = "all pulls are used"
    elif consent.version:
        reason = f"expired at {rfc3339(consent.expires_at)}"
    else:
        reason = "not answered in time"
    happened = records.event(event, at=now, actor=gateway_id, channel="gateway")
    store.change(session, consent, event, initiator=gateway_id, happened=happened, reason=reason, now=now)
