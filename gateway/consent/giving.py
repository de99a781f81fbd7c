"""What was signed becomes a version: the record with its proof, the state, the ledger's entry, in one transaction."""

from datetime import datetime
from typing import Any

from sqlmodel import Session

from gateway.clock import rfc3339
from gateway.consent import record as records
from gateway.consent import store
from gateway.consent.details import TradeData
from gateway.consent.rules import Event, Standing
from gateway.consent.tables import Consent, ConsentVersion, Draft, PendingApproval
from gateway.errors import ConflictError, UnauthenticatedError
from ledger.consent_record import record_hash, verify_assertion
from ledger.errors import LedgerError

Json = dict[str, Any]
Drawn = Draft | PendingApproval
"""What was drawn up to be signed, before anybody signed it or after the first of two did."""


def event_of(version: int) -> Event:
    """Return what happens to a consent that gets a version of this number."""
    return Event.GIVEN if version == 1 else Event.AMENDED


def leads_to(session: Session, consent: Consent, drawn: Drawn, *, now: datetime) -> Standing:
    """Return where a locked consent will stand if what was drawn up is given.

    Raises `ConflictError` if it cannot be, or if the consent is no longer as it was then: `previous` is signed.
    """
    terms = TradeData.model_validate(drawn.terms)
    to = store.after(consent, event_of(drawn.signed["version"]), now=now, expires_at=terms.expires)
    before = store.present_record(session, consent)
    follows = (to.version, record_hash(before) if before else None)
    if follows != (drawn.signed["version"], drawn.signed["previous"]):
        raise ConflictError(f"the consent has changed since: it is at version {consent.version}; open it again")
    return to


def give(
    session: Session, consent: Consent, drawn: Drawn, to: Standing, *, proof: Json, actor: str, now: datetime
) -> None:
    """Give a locked consent as drawn up and signed: `proof` is the record's, `actor` the person who signed last."""
    event, terms = event_of(drawn.signed["version"]), TradeData.model_validate(drawn.terms)
    record = _record(session, consent, drawn, to, event=event, proof=proof, actor=actor)
    check_as_others_will(record)
    consent.maximum_pulls = terms.maximum_pulls
    store.move(session, consent, event, to)
    salt, commitment = store.committed(record)
    session.add(
        ConsentVersion(
            consent_id=consent.id,
            version=consent.version,
            terms=drawn.terms,
            record=record,
            notice=drawn.notice,
            salt=salt,
            commitment=commitment,
            digest=drawn.digest,
            created_at=now,
        )
    )
    store.queue(session, consent, event, commitment, {"expires_at": rfc3339(consent.expires_at)}, now=now)


def check_as_others_will(record: Json) -> None:
    """The offline verifier's own check: nothing is stored that a bank could not verify."""
    try:
        verify_assertion(record)
    except LedgerError as error:
        raise UnauthenticatedError(f"the passkey's answer does not hold: {error}") from error


def _record(
    session: Session, consent: Consent, drawn: Drawn, to: Standing, *, event: Event, proof: Json, actor: str
) -> Json:
    """Return the whole record: what was signed, and around it the status, the events so far and the proof."""
    before = store.present_record(session, consent)
    asked = records.event("requested", at=consent.requested_at, actor=consent.bank_id, channel="oauth")
    given = records.event(event, at=to.since, actor=actor, channel="portal")
    return {
        **drawn.signed,
        "status": records.status(to, consent_id=consent.id, initiator=consent.owner_id, reason=None),
        "events": [*(before["events"] if before else [asked]), given],
        "proof": proof,
    }
