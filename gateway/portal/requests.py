"""A bank's request: read it, narrow it, approve it with the passkey, or refuse it."""

from collections.abc import Mapping
from datetime import datetime

from fastapi import APIRouter
from sqlmodel import Session
from starlette.responses import RedirectResponse, Response

from gateway.clock import Now
from gateway.consent import signing, store
from gateway.consent.details import TradeData
from gateway.consent.narrowing import Choice, narrow
from gateway.consent.record import Notice
from gateway.consent.tables import Draft
from gateway.consent.values import DetailsError
from gateway.db import DbSession
from gateway.directory.participants import participant
from gateway.directory.tables import Person
from gateway.errors import InvalidError, NotFoundError
from gateway.keys import CurrentKeys
from gateway.oauth import authorize
from gateway.oauth.description import leads_to
from gateway.oauth.tables import PushedRequest
from gateway.portal import words
from gateway.portal.description import PASSKEY, form
from gateway.portal.pages import LANGUAGE, render
from gateway.portal.security import OWN, OwnForm, SignedIn, Visitor
from gateway.settings import CurrentSettings

router = APIRouter(prefix=OWN + "/requests")
SAME_REQUEST = {"path.request_id": "$request.path.request_id"}
NOTICE_VERSION = "1"


@router.get("/{request_id}", responses=leads_to(200, review=SAME_REQUEST, refuse=SAME_REQUEST, approve=SAME_REQUEST))
def show_request(request_id: str, visitor: Visitor, session: DbSession, now: Now) -> Response:
    """Show who asks for what, to anybody who has the link; its owner may go on."""
    asked = authorize.pushed(session, request_id, now=now)
    if visitor:
        store.find(session, asked.consent_id, owner_id=visitor.participant_id)
    return _show(session, asked, visitor, now=now)


def _show(
    session: Session, asked: PushedRequest, visitor: Person | None, *, now: datetime, error: str | None = None
) -> Response:
    terms = TradeData.model_validate(asked.details)
    bank = participant(session, asked.client_id)
    identifiers = terms.identifiers or ()
    return render(
        "request.html",
        status=422 if error else 200,
        leads_to=asked.redirect_uri,
        person=visitor,
        request_id=asked.id,
        bank=bank.name,
        lines=words.summary(terms, bank=bank.name),
        warnings=words.warnings(terms, now=now),
        products=[(name, words.product(name)) for name in terms.products],
        shipments=[(number, words.shipment(each)) for number, each in enumerate(identifiers)],
        until=terms.expires_at[:10],
        error=error,
    )


@router.post("/{request_id}/review", openapi_extra=form(until="A day to which the consent is shortened."))
def review(
    request_id: str, sent: OwnForm, person: SignedIn, session: DbSession, settings: CurrentSettings, now: Now
) -> Response:
    """Keep what the owner lets stand as a draft, and go to the page that signs it."""
    asked = authorize.pushed(session, request_id, now=now)
    wanted = TradeData.model_validate(asked.details)
    try:
        terms = _narrowed(wanted, sent)
    except DetailsError as error:
        return _show(session, asked, person, now=now, error=str(error))
    bank = participant(session, asked.client_id)
    notice = Notice(
        uri=f"{settings.issuer}{OWN}/requests/{asked.id}",
        version=NOTICE_VERSION,
        language=LANGUAGE,
        text=words.notice_text(words.summary(terms, bank=bank.name)),
    )
    kept = signing.draft(
        session, settings, asked.consent_id, terms=terms, person=person, notice=notice, now=now, asked=wanted
    )
    return RedirectResponse(f"{OWN}/requests/{asked.id}/review/{kept.id}", 303)


@router.get("/{request_id}/review/{draft_id}")
def show_review(
    request_id: str, draft_id: str, person: SignedIn, session: DbSession, settings: CurrentSettings, now: Now
) -> Response:
    """Show exactly what will be signed, and ask for the passkey."""
    asked = authorize.pushed(session, request_id, now=now)
    kept = _draft(session, draft_id, asked, person)
    bank = participant(session, asked.client_id)
    terms = TradeData.model_validate(kept.terms)
    return render(
        "review.html",
        leads_to=asked.redirect_uri,
        person=person,
        request_id=asked.id,
        draft_id=kept.id,
        bank=bank.name,
        lines=words.summary(terms, bank=bank.name),
        narrowed=terms.as_json() != asked.details,
        options=signing.signing_options(session, settings, kept),
    )


@router.post("/{request_id}/approve", openapi_extra=form(draft="What was shown.", passkey=PASSKEY))
def approve(
    request_id: str,
    sent: OwnForm,
    person: SignedIn,
    session: DbSession,
    settings: CurrentSettings,
    keyring: CurrentKeys,
    now: Now,
) -> Response:
    """Give the consent as signed, and take the browser back to the bank with a code."""
    asked = authorize.pushed(session, request_id, now=now)
    kept = _draft(session, sent.get("draft", ""), asked, person)
    consent = signing.grant(session, settings, kept.id, person=person, answer=sent.get("passkey", ""), now=now)
    consent.asked = asked.details
    return RedirectResponse(authorize.approve(session, asked, settings=settings, keyring=keyring, now=now), 303)


@router.post("/{request_id}/refuse", openapi_extra=form())
def refuse(
    request_id: str,
    _sent: OwnForm,
    person: SignedIn,
    session: DbSession,
    settings: CurrentSettings,
    keyring: CurrentKeys,
    now: Now,
) -> Response:
    """Refuse the request, and take the browser back to the bank."""
    asked = authorize.pushed(session, request_id, now=now)
    location = authorize.refuse(session, asked, person=person, settings=settings, keyring=keyring, now=now)
    return RedirectResponse(location, 303)


def _draft(session: Session, draft_id: str, asked: PushedRequest, person: Person) -> Draft:
    kept = session.get(Draft, draft_id)
    if kept is None or kept.consent_id != asked.consent_id or kept.person_id != person.id:
        raise NotFoundError("there is nothing to sign by that name: open the request again")
    return kept


def _narrowed(terms: TradeData, sent: Mapping[str, str]) -> TradeData:
    """Return the terms less what the form left out. Raises `DetailsError`, `InvalidError`."""
    products = tuple(name for name in terms.products if f"product-{name}" in sent)
    identifiers = terms.identifiers and tuple(
        each for number, each in enumerate(terms.identifiers) if f"shipment-{number}" in sent
    )
    if not products:
        raise DetailsError(words.NOTHING_CHOSEN)
    if terms.identifiers and not identifiers:
        raise DetailsError(words.NO_SHIPMENT_CHOSEN)
    return narrow(
        terms, Choice(products=products, identifiers=identifiers, expires_at=_until(terms, sent.get("until", "")))
    )


def _until(terms: TradeData, given: str) -> str:
    """Return when the consent ends: as asked if the day is unchanged, else the start of the day given (UTC)."""
    if not given or given == terms.expires_at[:10]:
        return terms.expires_at
    try:
        datetime.fromisoformat(given)
    except ValueError:
        raise InvalidError("the day must be written like 2026-12-31") from None
    return f"{given}T00:00:00Z"
