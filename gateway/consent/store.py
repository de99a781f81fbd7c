"""Consents in the database: found, locked, and moved from one standing to the next with all that must follow."""

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import delete
from sqlmodel import Session, col, select

from gateway import figures, journal
from gateway.clock import rfc3339
from gateway.consent import record as records
from gateway.consent import rules
from gateway.consent.rules import Denied, Event, Standing, State
from gateway.consent.tables import Consent, ConsentChange, ConsentVersion, PendingApproval
from gateway.db import once_committed
from gateway.errors import ConflictError, NotFoundError
from ledger.codec import b64u, unb64u
from ledger.consent_record import record_commitment
from ledger.errors import CodecError
from ledger.history import write as write_history

RANDOM_BYTES = 32
LEDGER_ENTRIES = {
    Event.GIVEN: "consent.granted",
    Event.AMENDED: "consent.amended",
    Event.PAUSED: "consent.paused",
    Event.RESUMED: "consent.resumed",
    Event.WITHDRAWN: "consent.revoked",
    Event.EXPIRED: "consent.ended",
    Event.EXHAUSTED: "consent.ended",
    Event.ENDED_BY_TITLE: "consent.ended",
}
"""Refusals are not anchored."""

NO_MORE: Mapping[str, str] = {}

Json = dict[str, Any]


def random_id() -> str:
    """Return 32 random bytes in base64url."""
    return b64u(secrets.token_bytes(RANDOM_BYTES))


def consent_id() -> str:
    """Return a random id for a consent: one that no command line takes for an option."""
    return next(made for made in iter(random_id, None) if not made.startswith("-"))


def is_id(text: str) -> bool:
    """Say whether `text` has the form of a random id: what has not, is not looked for (PostgreSQL refuses NUL)."""
    try:
        unb64u(text, size=RANDOM_BYTES)
    except CodecError:
        return False
    return True


def standing(consent: Consent, *, now: datetime) -> Standing:
    """Return where a consent stands at `now`: what is stored, and what time has made of it."""
    return rules.at(stored(consent), now)


def find(session: Session, consent_id: str, *, owner_id: str | None = None, bank_id: str | None = None) -> Consent:
    """Return a consent of this owner, or bank. Raises `NotFoundError`, for another's as for none."""
    found = session.get(Consent, consent_id) if is_id(consent_id) else None
    if found is None or found.owner_id != (owner_id or found.owner_id) or found.bank_id != (bank_id or found.bank_id):
        raise NotFoundError(f"no consent {consent_id!r}")
    return found


def of_owner(session: Session, owner_id: str) -> list[Consent]:
    """Return all consents asked of an owner, newest first."""
    statement = select(Consent).where(Consent.owner_id == owner_id)
    return list(session.exec(statement.order_by(col(Consent.requested_at).desc(), col(Consent.id))))


def granted(session: Session, consent: Consent) -> ConsentVersion | None:
    """Return the version of a consent that is in force, or was last; None if it was never given."""
    return session.get(ConsentVersion, (consent.id, consent.version))


def present_record(session: Session, consent: Consent) -> Json | None:
    """Return a consent's record as it is now; None if it was never given."""
    version = granted(session, consent)
    if version is None:
        return None
    changes = select(ConsentChange).where(
        ConsentChange.consent_id == consent.id, ConsentChange.version == consent.version
    )
    last = session.exec(changes.order_by(col(ConsentChange.number).desc()).limit(1)).one_or_none()
    return last.record if last else version.record


def history(session: Session, consent: Consent) -> bytes:
    """Return every record of a consent in order (`ledger.history`). Raises `NotFoundError` if it was never given."""
    found = all_records(session, consent)
    if not found:
        raise NotFoundError(f"consent {consent.id!r} was never given")
    return write_history(consent.id, [(record, salt) for record, salt, _ in found])


def all_records(session: Session, consent: Consent) -> list[tuple[Json, bytes, bytes]]:
    """Return every record of a consent in order, with the salt of its commitment and that; none if never given."""
    versions = session.exec(select(ConsentVersion).where(ConsentVersion.consent_id == consent.id)).all()
    changes = session.exec(
        select(ConsentChange).where(ConsentChange.consent_id == consent.id).order_by(col(ConsentChange.number))
    ).all()
    of_version: dict[int, list[ConsentVersion | ConsentChange]] = {
        each.version: [each] for each in sorted(versions, key=lambda one: one.version)
    }
    for change in changes:
        of_version[change.version].append(change)
    return [(each.record, each.salt, each.commitment) for rows in of_version.values() for each in rows]


def locked(session: Session, consent_id: str) -> Consent:
    """Return a consent as committed last, its row locked until this transaction ends. Raises `NotFoundError`."""
    statement = select(Consent).where(Consent.id == consent_id).with_for_update()
    consent = session.exec(statement.execution_options(populate_existing=True)).one_or_none()
    if consent is None:
        raise NotFoundError(f"no consent {consent_id!r}")
    return consent


def after(consent: Consent, event: Event, *, now: datetime, expires_at: datetime | None = None) -> Standing:
    """Return where the consent will stand. Raises `ConflictError`: consent id, version, reason, since when."""
    verdict = rules.apply(stored(consent), event, now=now, expires_at=expires_at)
    if isinstance(verdict, Denied):
        present = standing(consent, now=now)
        raise ConflictError(
            f"consent {consent.id} cannot be {event}: {verdict.reason}",
            consent=consent.id,
            version=consent.version,
            reason=consent.reason or str(present.state),
            since=rfc3339(present.since),
        )
    return verdict


def move(
    session: Session,
    consent: Consent,
    event: Event,
    to: Standing,
    *,
    reason: str | None = None,
    told: Mapping[str, str] = NO_MORE,
) -> None:
    """Put a locked consent into its new standing, which `event` leads to; its bank is told, with `told` beside.

    What waits for a second signature waits no more: it was signed about how the consent stood before.
    """
    consent.state, consent.state_since = to.state, to.since
    consent.version, consent.expires_at = to.version, to.expires_at
    consent.reason = reason
    if to.state in rules.OPEN:
        consent.granted_at = consent.granted_at or to.since
    else:
        consent.ended_at = to.since
    session.add(consent)
    session.flush()
    session.execute(delete(PendingApproval).where(col(PendingApproval.consent_id) == consent.id))
    count(session, to.state)
    tell(session, consent, event, now=to.since, **told)


def count(session: Session, state: State) -> None:
    """Count that a consent came into a state, once that is committed."""
    once_committed(session, figures.consents.labels(state).inc)


def tell(session: Session, consent: Consent, event: str, *, now: datetime, **more: str) -> None:
    """Have the consent's bank told of an event: which it was, the version, and `more`, which holds no trade data."""
    body = {"bank": consent.bank_id, "version": consent.version, **more}
    journal.tell(session, type=f"consent.{event}", subject=consent.id, body=body, now=now)


def change(
    session: Session,
    consent: Consent,
    event: Event,
    *,
    initiator: str,
    happened: Json,
    reason: str,
    now: datetime,
    told: Mapping[str, str] = NO_MORE,
) -> None:
    """Let `event` happen to a locked consent that was given: its state, its record, and the ledger's entry.

    `initiator` is the participant who brings it about, `happened` the event as the record tells it, `told` what the
    bank is told besides. Raises `ConflictError` if it cannot happen.
    """
    to = after(consent, event, now=now)
    before = present_record(session, consent)
    move(session, consent, event, to, reason=reason, told=told)
    if before is None:
        return
    status = records.status(to, consent_id=consent.id, initiator=initiator, reason=reason)
    record = records.changed(before, status, happened)
    salt, commitment = committed(record)
    session.add(
        ConsentChange(
            consent_id=consent.id,
            version=consent.version,
            event=event,
            record=record,
            salt=salt,
            commitment=commitment,
            created_at=now,
        )
    )
    ending = {"reason": str(to.state)} if LEDGER_ENTRIES[event] == "consent.ended" else {}
    queue(session, consent, event, commitment, ending, now=now)


def committed(record: Json) -> tuple[bytes, bytes]:
    """Return a new salt and the commitment to a record that it opens."""
    salt = secrets.token_bytes(RANDOM_BYTES)
    return salt, record_commitment(record, salt)


def queue(session: Session, consent: Consent, event: Event, commitment: bytes, more: Json, *, now: datetime) -> None:
    """Queue the ledger's entry about an event, with the members that its type has besides the common ones."""
    body = {"consent": consent.id, "version": consent.version, "commitment": b64u(commitment), **more}
    journal.queue_entry(session, type=LEDGER_ENTRIES[event], body=body, subject=consent.id, now=now)


def stored(consent: Consent) -> Standing:
    """Return where a consent stood when that was stored."""
    return Standing(State(consent.state), consent.state_since, consent.version, consent.expires_at)
