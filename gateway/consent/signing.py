"""How a person gives a consent: a draft is kept, shown, signed by a passkey, and stored with its proof."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete
from sqlmodel import Session, col, select

from gateway.consent import approvals, giving, store, two_people
from gateway.consent import record as records
from gateway.consent.details import TradeData
from gateway.consent.narrowing import widened
from gateway.consent.record import Notice, Parties, Version
from gateway.consent.tables import Consent, Draft
from gateway.directory import links, passkeys
from gateway.directory.participants import participant
from gateway.directory.tables import Person
from gateway.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError
from gateway.settings import Settings
from ledger.consent_record import record_hash, signed_digest
from ledger.signatories import REQUIRED

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
    to = store.after(consent, giving.event_of(consent.version + 1), now=now, expires_at=terms.expires)
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
    session: Session,
    settings: Settings,
    draft_id: str,
    *,
    person: Person,
    answer: str,
    now: datetime,
    asked: Json | None = None,
) -> Consent:
    """Give the consent as drafted and signed: `answer` is the browser's JSON. Doing it again changes nothing.

    Where two people must approve, what was signed waits for the second (`approvals`), and the consent stays as it is.
    `asked` is what the bank asked, where that is another than before. Raises `NotFoundError`, `ForbiddenError` for
    another person's draft or passkey, `ConflictError` if the draft is too old or the consent no longer stands as it
    did, and what `passkeys.verify_use` raises.
    """
    found = session.get(Draft, draft_id) if store.is_id(draft_id) else None
    if found is None:
        raise NotFoundError("there is nothing to sign by that name: open the request again")
    if found.person_id != person.id:
        raise ForbiddenError("another person was about to sign this")
    consent = store.locked(session, found.consent_id)
    session.refresh(found)
    if found.used_at is None:
        signed = (answer, asked or consent.asked)
        _grant(session, settings, found, consent, person=person, signed=signed, now=now)
    return consent


def _grant(
    session: Session,
    settings: Settings,
    kept: Draft,
    consent: Consent,
    *,
    person: Person,
    signed: tuple[str, Json],
    now: datetime,
) -> None:
    if now >= kept.expires_at:
        raise ConflictError("this was shown more than fifteen minutes ago: open the request again")
    to = giving.leads_to(session, consent, kept, now=now)
    people = _people_required(session, consent, kept)
    answer, asked = signed
    passkey, assertion = passkeys.verify_use(session, settings, answer, challenge=kept.digest)
    if passkey.person_id != person.id:
        raise ForbiddenError("this passkey is another person's")
    kept.used_at = now
    session.add(kept)
    signature = records.signature(passkey, assertion)
    if people > 1:
        approvals.keep(session, consent, kept, signature=signature, asked=asked, now=now)
        return
    consent.asked = asked
    proof = records.proof(kept.digest, signature)
    giving.give(session, consent, kept, to, proof=proof, actor=person.id, now=now)


def _people_required(session: Session, consent: Consent, kept: Draft) -> int:
    """Return how many people must approve. Raises `ConflictError` if the draft was drawn up for another number."""
    owner = participant(session, consent.owner_id)
    session.refresh(owner)
    drafted = kept.signed["parties"].get(REQUIRED, 1)
    if denied := two_people.drafted_rightly(for_people=drafted, required=owner.people_required):
        raise ConflictError(denied.reason)
    return owner.people_required


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
