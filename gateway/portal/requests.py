"""A bank's request: read it, narrow it, approve it with the passkey, or refuse it."""

from collections.abc import Mapping
from datetime import datetime

from fastapi import APIRouter
from sqlmodel import Session
from starlette.responses import RedirectResponse, Response

from gateway.clock import Now
from gateway.consent import approvals, signing, store
from gateway.consent.details import TradeData
from gateway.consent.narrowing import Choice, narrow
from gateway.consent.record import Notice
from gateway.consent.tables import Consent, Draft
from gateway.consent.values import DetailsError
from gateway.db import DbSession
from gateway.directory.participants import participant
from gateway.directory.tables import Person
from gateway.errors import ConflictError, InvalidError, NotFoundError
from gateway.keys import CurrentKeys
from gateway.oauth import authorize
from gateway.oauth.description import leads_to
from gateway.oauth.tables import PushedRequest
from gateway.portal import words
from gateway.portal.changes import Change
from gateway.portal.changes import changes as what_changes
from gateway.portal.description import PASSKEY, form
from gateway.portal.pages import LANGUAGE, render
from gateway.portal.security import OWN, OwnForm, SignedIn, SignInRequired, Visitor
from gateway.settings import CurrentSettings

router = APIRouter(prefix=OWN + "/requests")
SAME_REQUEST = {"path.request_id": "$request.path.request_id"}
NOTICE_VERSION = "1"


@router.get("/{request_id}", responses=leads_to(200, review=SAME_REQUEST, refuse=SAME_REQUEST, approve=SAME_REQUEST))
def show_request(
    request_id: str, visitor: Visitor, session: DbSession, settings: CurrentSettings, keyring: CurrentKeys, now: Now
) -> Response:
    """Show who asks for what, to anybody who has the link; its owner may go on.

    For a consent that was given before, its owner goes back to the bank at once, with a code.
    """
    asked = authorize.pushed(session, request_id, now=now)
    if visitor:
        store.find(session, asked.consent_id, owner_id=visitor.participant_id)
    if not asked.resumes:
        return _show(session, asked, visitor, now=now)
    if visitor is None:
        raise SignInRequired(f"{OWN}/requests/{asked.id}")
    return RedirectResponse(authorize.resume(session, asked, settings=settings, keyring=keyring, now=now), 303)


def _show(
    session: Session, asked: PushedRequest, visitor: Person | None, *, now: datetime, error: str | None = None
) -> Response:
    terms = TradeData.model_validate(asked.details)
    bank = participant(session, asked.client_id)
    consent = store.find(session, asked.consent_id)
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
        changes=changes(session, consent, terms, bank=bank.name) if visitor else [],
        owner=participant(session, consent.owner_id),
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
    asked = _to_decide(session, request_id, now=now)
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
    asked = _to_decide(session, request_id, now=now)
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
        changes=changes(session, store.find(session, asked.consent_id), terms, bank=bank.name),
        owner=participant(session, person.participant_id),
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
    """Give the consent as signed, and take the browser back to the bank with a code.

    Where two people must approve, the bank is told which consent waits for the second.
    """
    asked = _to_decide(session, request_id, now=now)
    kept, answer = _draft(session, sent.get("draft", ""), asked, person), sent.get("passkey", "")
    consent = signing.grant(session, settings, kept.id, person=person, answer=answer, now=now, asked=asked.details)
    waits = approvals.find(session, consent, now=now) is not None
    complete = authorize.wait if waits else authorize.approve
    return RedirectResponse(complete(session, asked, settings=settings, keyring=keyring, now=now), 303)


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
    asked = _to_decide(session, request_id, now=now)
    location = authorize.refuse(session, asked, person=person, settings=settings, keyring=keyring, now=now)
    return RedirectResponse(location, 303)


def bank_after(session: Session, path: str) -> str | None:
    """Return where at the bank a page goes on at once: that of a request for a consent that was given before."""
    page, _, request_id = path.rpartition("/")
    found = session.get(PushedRequest, request_id) if page == router.prefix and store.is_id(request_id) else None
    return found.redirect_uri if found and found.resumes else None


def changes(session: Session, consent: Consent, terms: TradeData, *, bank: str) -> list[Change]:
    """Return what terms would change of those in force, line by line; nothing for a consent that was never given."""
    version = store.granted(session, consent)
    return what_changes(TradeData.model_validate(version.terms), terms, bank=bank) if version else []


def _to_decide(session: Session, request_id: str, *, now: datetime) -> PushedRequest:
    """Return a request that its owner may decide. Raises `NotFoundError`, `ConflictError` if there is nothing to."""
    asked = authorize.pushed(session, request_id, now=now)
    if asked.resumes:
        raise ConflictError("this consent was given before: there is nothing to decide")
    return asked


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
