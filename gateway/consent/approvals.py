"""What a maker signed and a checker has yet to: kept, listed, signed second, or refused. `two_people` has the rules."""

from datetime import datetime
from typing import Any

from sqlalchemy import delete
from sqlmodel import Session, col, select

from gateway.consent import giving, lifecycle, store, two_people
from gateway.consent import record as records
from gateway.consent.rules import OPEN, Denied
from gateway.consent.tables import Consent, Draft, PendingApproval
from gateway.consent.two_people import Signer, Waiting
from gateway.directory import passkeys
from gateway.directory.tables import Person
from gateway.errors import ConflictError, ForbiddenError, UnauthenticatedError
from gateway.settings import Settings
from ledger.consent_record import verify_signature
from ledger.errors import LedgerError

Json = dict[str, Any]


def keep(
    session: Session, consent: Consent, draft: Draft, *, signature: Json, asked: Json, now: datetime
) -> PendingApproval:
    """Keep what a maker signed of a locked consent, in place of what another draft left. The consent stays as it is.

    Raises `UnauthenticatedError` for a signature that the offline verifier would refuse.
    """
    try:
        verify_signature(signature, draft.digest, rp_id=draft.signed["parties"]["gateway"]["rp_id"])
    except LedgerError as error:
        raise UnauthenticatedError(f"the passkey's answer does not hold: {error}") from error
    _forget(session, consent)
    kept = PendingApproval(
        consent_id=consent.id,
        draft_id=draft.id,
        maker_id=draft.person_id,
        asked=asked,
        terms=draft.terms,
        signed=draft.signed,
        notice=draft.notice,
        digest=draft.digest,
        signature=signature,
        signed_at=now,
        expires_at=two_people.waits_until(now, consent.expires_at),
    )
    session.add(kept)
    session.flush()
    return kept


def find(session: Session, consent: Consent, *, now: datetime) -> PendingApproval | None:
    """Return what of a consent waits for a second signature, if anything does."""
    statement = select(PendingApproval).where(PendingApproval.consent_id == consent.id)
    found = session.exec(statement.execution_options(populate_existing=True)).one_or_none()
    alive = found is not None and now < found.expires_at and store.standing(consent, now=now).state in OPEN
    return found if alive else None


def of_owner(session: Session, owner_id: str, *, now: datetime) -> list[tuple[PendingApproval, Consent]]:
    """Return everything of an owner that waits for a second signature, what was signed first before the rest."""
    statement = select(PendingApproval, Consent).join(Consent).where(Consent.owner_id == owner_id)
    found = session.exec(statement.order_by(col(PendingApproval.signed_at), col(PendingApproval.consent_id))).all()
    return [
        (waiting, consent)
        for waiting, consent in found
        if now < waiting.expires_at and store.standing(consent, now=now).state in OPEN
    ]


def signing_options(session: Session, settings: Settings, waiting: PendingApproval, person: Person) -> Json:
    """Return what the browser is to ask of a checker's passkeys: to sign the maker's digest."""
    known = passkeys.passkeys_of(session, person.id)
    return passkeys.request_options(settings, challenge=waiting.digest, passkeys=known)


def check(
    session: Session, settings: Settings, consent_id: str, draft_id: str, *, person: Person, answer: str, now: datetime
) -> Consent:
    """Give a consent as its maker signed it: `person` has checked that, and `answer` is the browser's JSON.

    Raises `NotFoundError` for another owner's consent, `ForbiddenError` for the maker or another person's passkey,
    `ConflictError` if nothing of that draft waits any more, and what `passkeys.verify_use` raises.
    """
    consent, waiting = _locked(session, consent_id, person, now=now)
    _require(two_people.may_check(_rule(waiting, consent), draft_id, _signer(person), now=now))
    assert waiting is not None  # noqa: S101 - or it is denied
    to = giving.leads_to(session, consent, waiting, now=now)
    passkey, assertion = passkeys.verify_use(session, settings, answer, challenge=waiting.digest)
    if passkey.person_id != person.id:
        raise ForbiddenError("this passkey is another person's")
    second = (person, records.signature(passkey, assertion))
    proof = records.proof(waiting.digest, waiting.signature, second)
    consent.asked = waiting.asked
    giving.give(session, consent, waiting, to, proof=proof, actor=person.id, now=now)
    return consent


def refuse(session: Session, consent_id: str, draft_id: str, *, person: Person, now: datetime) -> Consent:
    """Refuse what waits: a request is refused for good, an agreement that was to be amended stands as it did.

    Raises `NotFoundError`, and `ConflictError` if nothing of that draft waits any more.
    """
    consent, waiting = _locked(session, consent_id, person, now=now)
    _require(two_people.may_decide(_rule(waiting, consent), draft_id, _signer(person), now=now))
    if consent.version == 0:
        return lifecycle.refuse(session, consent_id, person=person, now=now)
    _forget(session, consent)
    return consent


def _locked(
    session: Session, consent_id: str, person: Person, *, now: datetime
) -> tuple[Consent, PendingApproval | None]:
    """Return a consent of the person's owner, its row locked, and what of it waits, as committed last."""
    store.find(session, consent_id, owner_id=person.participant_id)
    consent = store.locked(session, consent_id)
    return consent, find(session, consent, now=now)


def _rule(waiting: PendingApproval | None, consent: Consent) -> Waiting | None:
    if waiting is None:
        return None
    return Waiting(waiting.draft_id, waiting.maker_id, consent.owner_id, waiting.expires_at)


def _signer(person: Person) -> Signer:
    return Signer(person.id, person.participant_id)


def _require(denied: Denied | None) -> None:
    """Raise what was denied: by whom it may not be done, or that there is nothing to be done."""
    if denied is None:
        return
    if denied.reason in (two_people.OWN, two_people.STRANGER):
        raise ForbiddenError(denied.reason)
    raise ConflictError(denied.reason)


def _forget(session: Session, consent: Consent) -> None:
    session.execute(delete(PendingApproval).where(col(PendingApproval.consent_id) == consent.id))
