"""What one person signed and another must check: shown as it was signed, signed second, or refused."""

from typing import Any

from fastapi import APIRouter
from sqlmodel import Session
from starlette.responses import RedirectResponse, Response

from gateway.clock import Now
from gateway.consent import approvals, store
from gateway.consent.details import TradeData
from gateway.consent.tables import Consent, PendingApproval
from gateway.db import DbSession
from gateway.directory.participants import participant
from gateway.directory.tables import Person
from gateway.errors import NotFoundError
from gateway.oauth.description import leads_to
from gateway.oauth.store import revoke_grant
from gateway.portal import words
from gateway.portal.description import ANSWERS, PASSKEY, form
from gateway.portal.pages import render
from gateway.portal.requests import changes
from gateway.portal.security import OWN, OwnForm, SignedIn
from gateway.settings import CurrentSettings

router = APIRouter(prefix=OWN + "/approvals")
SAME_CONSENT = {"path.consent_id": "$request.path.consent_id"}
DRAFT = "What was shown."


@router.get("/{consent_id}", responses=leads_to(200, refuse_second=SAME_CONSENT, approve_second=SAME_CONSENT))
def show_approval(
    consent_id: str, person: SignedIn, session: DbSession, settings: CurrentSettings, now: Now
) -> Response:
    """Show exactly what was signed first, and by whom; another person of the owner may sign it or refuse."""
    consent = store.find(session, consent_id, owner_id=person.participant_id)
    waiting = approvals.find(session, consent, now=now)
    if waiting is None:
        raise NotFoundError("nothing waits for a second signature here: it was decided, or has ended")
    bank, terms = participant(session, consent.bank_id).name, TradeData.model_validate(waiting.terms)
    own = waiting.maker_id == person.id
    return render(
        "approval.html",
        person=person,
        consent_id=consent.id,
        draft_id=waiting.draft_id,
        bank=bank,
        own=own,
        narrowed=terms.as_json() != waiting.asked,
        lines=words.summary(terms, bank=bank),
        changes=changes(session, consent, terms, bank=bank),
        until=words.moment(waiting.expires_at),
        options=None if own else approvals.signing_options(session, settings, waiting, person),
        **signed_by(session, waiting),
    )


@router.post(
    "/{consent_id}/approve",
    openapi_extra=form(draft=DRAFT, passkey=PASSKEY),
    responses={**ANSWERS, **leads_to(303, show_consent=SAME_CONSENT)},
)
def approve_second(
    consent_id: str, sent: OwnForm, person: SignedIn, session: DbSession, settings: CurrentSettings, now: Now
) -> Response:
    """Give the consent as both signed it. Tokens of an agreement that it amends say what no longer holds: they end."""
    draft, answer = sent.get("draft", ""), sent.get("passkey", "")
    consent = approvals.check(session, settings, consent_id, draft, person=person, answer=answer, now=now)
    revoke_grant(session, consent.id, now=now)
    return RedirectResponse(f"{OWN}/consents/{consent_id}", 303)


@router.post(
    "/{consent_id}/refuse",
    openapi_extra=form(draft=DRAFT),
    responses={**ANSWERS, **leads_to(303, show_consent=SAME_CONSENT)},
)
def refuse_second(consent_id: str, sent: OwnForm, person: SignedIn, session: DbSession, now: Now) -> Response:
    """Refuse what was signed first, or take it back."""
    approvals.refuse(session, consent_id, sent.get("draft", ""), person=person, now=now)
    return RedirectResponse(f"{OWN}/consents/{consent_id}", 303)


def signed_by(session: Session, waiting: PendingApproval) -> dict[str, Any]:
    """Return who signed first, in what capacity and when, as a page says it."""
    maker = session.get(Person, waiting.maker_id)
    assert maker is not None  # noqa: S101 - a foreign key
    return {"maker": maker.name, "authority": maker.authority, "signed_at": words.moment(waiting.signed_at)}


def cards(session: Session, person: Person, *, now: Now) -> list[dict[str, Any]]:
    """Return what of the person's owner waits for a second signature, a card each."""
    return [
        _card(session, waiting, consent, person)
        for waiting, consent in approvals.of_owner(session, person.participant_id, now=now)
    ]


def _card(session: Session, waiting: PendingApproval, consent: Consent, person: Person) -> dict[str, Any]:
    return {
        "id": consent.id,
        "bank": participant(session, consent.bank_id).name,
        "purpose": waiting.terms["purpose"]["text"],
        "until": words.moment(waiting.expires_at),
        "own": waiting.maker_id == person.id,
        **signed_by(session, waiting),
    }
