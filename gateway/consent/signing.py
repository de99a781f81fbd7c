"""How a person gives a consent: a draft is kept, shown, signed by a passkey, and stored with its proof."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete
from sqlmodel import Session, col, select

from gateway.clock import rfc3339
from gateway.consent import record as records
from gateway.consent import store
from gateway.consent.details import TradeData
from gateway.consent.narrowing import widened
from gateway.consent.record import Notice, Parties, Version
from gateway.consent.rules import Event, Standing
from gateway.consent.tables import Consent, ConsentVersion, Draft
from gateway.directory import links, passkeys
from gateway.directory.participants import participant
from gateway.directory.passkeys import Assertion
from gateway.directory.tables import Passkey, Person
from gateway.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError, UnauthenticatedError
from gateway.settings import Settings
from ledger.consent_record import record_hash, signed_digest, verify_assertion
from ledger.errors import LedgerError

PATIENCE = timedelta(minutes=15)
"""How long a person may look at what is to be signed."""
SWEEP = 100

Json = dict[str, Any]


def draft(
    session: Session,
    settings: Settings,
    consent_id: str,
    *,
    terms: TradeData,
    person: Person,
    notice: Notice,
    now: datetime,
    asked: TradeData | None = None,
) -> Draft:
    """Keep what `person` is about to sign, for fifteen minutes; its `digest` is the passkey's challenge.

    `terms`: what was asked, or less; `asked`: what is asked anew of a consent in force. A consent that waits is given,
    one in force is amended. Raises `NotFoundError`, `ConflictError` if the consent is neither, `InvalidError` if
    `terms` go beyond what was asked.
    """
    consent = store.find(session, consent_id, owner_id=person.participant_id)
    if wider := widened(asked or TradeData.model_validate(consent.asked), terms):
        raise InvalidError(f"the terms go beyond what was asked: {', '.join(wider)}")
    to = store.after(consent, _event(consent.version + 1), now=now, expires_at=terms.expires)
    before = store.present_record(session, consent)
    version = Version(consent.id, to.version, record_hash(before) if before else None, store.random_id())
    signed = records.signed_members(version, terms, _parties(session, consent, person), notice, settings, now=now)
    _forget_drafts(session, now=now)
    kept = Draft(
        id=store.random_id(),
        consent_id=consent.id,
        person_id=person.id,
        terms=terms.as_json(),
        signed=signed,
        notice=notice.text,
        digest=signed_digest(signed),
        expires_at=now + PATIENCE,
    )
    session.add(kept)
    session.flush()
    return kept


def signing_options(session: Session, settings: Settings, kept: Draft) -> Json:
    """Return what the browser is to ask of the person's passkeys, to sign a draft."""
    known = passkeys.passkeys_of(session, kept.person_id)
    return passkeys.request_options(settings, challenge=kept.digest, passkeys=known)


def grant(
    session: Session, settings: Settings, draft_id: str, *, person: Person, answer: str, now: datetime
) -> Consent:
    """Give the consent as drafted and signed: `answer` is the browser's JSON. Doing it again changes nothing.

    Raises `NotFoundError`, `ForbiddenError` for another person's draft or passkey, `ConflictError` if the draft is too
    old or the consent no longer stands as it did, and what `passkeys.verify_use` raises.
    """
    found = session.get(Draft, draft_id) if store.is_id(draft_id) else None
    if found is None:
        raise NotFoundError("there is nothing to sign by that name: open the request again")
    if found.person_id != person.id:
        raise ForbiddenError("another person was about to sign this")
    consent = store.locked(session, found.consent_id)
    session.refresh(found)
    if found.used_at is None:
        _grant(session, settings, found, consent, person=person, answer=answer, now=now)
    return consent


def _grant(
    session: Session,
    settings: Settings,
    kept: Draft,
    consent: Consent,
    *,
    person: Person,
    answer: str,
    now: datetime,
) -> None:
    if now >= kept.expires_at:
        raise ConflictError("this was shown more than fifteen minutes ago: open the request again")
    terms = TradeData.model_validate(kept.terms)
    event = _event(kept.signed["version"])
    to = store.after(consent, event, now=now, expires_at=terms.expires)
    if to.version != kept.signed["version"]:
        raise ConflictError(f"the consent has changed since: it is at version {consent.version}; open it again")
    passkey, assertion = passkeys.verify_use(session, settings, answer, challenge=kept.digest)
    if passkey.person_id != person.id:
        raise ForbiddenError("this passkey is another person's")
    record = _record(session, consent, kept, to, event=event, proof=(passkey, assertion))
    _check_as_others_will(record)
    kept.used_at = now
    session.add(kept)
    consent.maximum_pulls = terms.maximum_pulls
    store.move(session, consent, event, to)
    _store(session, consent, kept, record, event=event, now=now)


def _record(
    session: Session, consent: Consent, kept: Draft, to: Standing, *, event: Event, proof: tuple[Passkey, Assertion]
) -> Json:
    """Return the whole record: what was signed, and around it the status, the events so far and the proof."""
    before = store.present_record(session, consent)
    asked = records.event("requested", at=consent.requested_at, actor=consent.bank_id, channel="oauth")
    given = records.event(event, at=to.since, actor=kept.person_id, channel="portal")
    return {
        **kept.signed,
        "status": records.status(to, consent_id=consent.id, initiator=consent.owner_id, reason=None),
        "events": [*(before["events"] if before else [asked]), given],
        "proof": records.proof(kept.digest, *proof),
    }


def _check_as_others_will(record: Json) -> None:
    """The offline verifier's own check: nothing is stored that a bank could not verify."""
    try:
        verify_assertion(record)
    except LedgerError as error:
        raise UnauthenticatedError(f"the passkey's answer does not hold: {error}") from error


def _store(session: Session, consent: Consent, kept: Draft, record: Json, *, event: Event, now: datetime) -> None:
    salt, commitment = store.committed(record)
    session.add(
        ConsentVersion(
            consent_id=consent.id,
            version=consent.version,
            terms=kept.terms,
            record=record,
            notice=kept.notice,
            salt=salt,
            commitment=commitment,
            digest=kept.digest,
            created_at=now,
        )
    )
    store.queue(session, consent, event, commitment, {"expires_at": rfc3339(consent.expires_at)}, now=now)


def _event(version: int) -> Event:
    return Event.GIVEN if version == 1 else Event.AMENDED


def _parties(session: Session, consent: Consent, person: Person) -> Parties:
    linked = [link.provider_id for link in links.links_of_owner(session, consent.owner_id) if link.confirmed_at]
    return Parties(
        owner=participant(session, consent.owner_id),
        person=person,
        bank=participant(session, consent.bank_id),
        providers=[participant(session, provider_id) for provider_id in sorted(linked)],
    )


def _forget_drafts(session: Session, *, now: datetime) -> None:
    over = select(Draft.id).where(Draft.expires_at <= now).limit(SWEEP).with_for_update(skip_locked=True)
    session.execute(delete(Draft).where(col(Draft.id).in_(over)))
