"""Enrol a passkey by invitation, sign in, sign out."""

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from gateway.clock import Now
from gateway.db import DbSession
from gateway.directory import people, sessions
from gateway.directory.participants import participant
from gateway.directory.sessions import Ceremony
from gateway.directory.tables import Person
from gateway.oauth.description import leads_to
from gateway.portal.description import PASSKEY, form
from gateway.portal.pages import render
from gateway.portal.requests import bank_after
from gateway.portal.security import CEREMONY, OWN, SESSION, OwnForm, own_path
from gateway.settings import CurrentSettings, Settings

router = APIRouter(prefix=OWN)


@router.get("/enrol/{invitation}", responses=leads_to(200, enrol={"path.invitation": "$request.path.invitation"}))
def show_enrolment(invitation: str, session: DbSession, settings: CurrentSettings, now: Now) -> Response:
    """Say who invites whom for what, and offer to make a passkey."""
    ceremony = people.begin_enrolment(session, settings, invitation, now=now)
    invited = people.invitation(session, invitation, now=now)
    owner = participant(session, invited.participant_id)
    page = render(
        "enrol.html",
        person=None,
        owner=owner.name,
        authority=invited.authority,
        name=invited.name,
        gateway=settings.gateway_name,
        options=ceremony.options,
    )
    return _with(page, ceremony, settings)


@router.post("/enrol/{invitation}", openapi_extra=form(passkey=PASSKEY))
def enrol(
    request: Request, invitation: str, sent: OwnForm, session: DbSession, settings: CurrentSettings, now: Now
) -> Response:
    """Keep the passkey, and sign its holder in."""
    token = CEREMONY.read(request, settings)
    person = people.enrol(session, settings, invitation, token=token, answer=sent.get("passkey", ""), now=now)
    return _welcome(session, settings, person, now=now, to=f"{OWN}/consents")


@router.get("/sign-in", responses=leads_to(200, sign_in={}))
def show_sign_in(request: Request, session: DbSession, settings: CurrentSettings, now: Now) -> Response:
    """Ask for a passkey."""
    ceremony = people.begin_sign_in(session, settings, now=now)
    back_to = own_path(request.query_params.get("next", OWN))
    elsewhere = bank_after(session, back_to)
    page = render("sign_in.html", leads_to=elsewhere, person=None, options=ceremony.options, back_to=back_to)
    return _with(page, ceremony, settings)


@router.post("/sign-in", openapi_extra=form(passkey=PASSKEY, next="The page to come back to."))
def sign_in(request: Request, sent: OwnForm, session: DbSession, settings: CurrentSettings, now: Now) -> Response:
    """Sign in whoever holds the passkey."""
    token = CEREMONY.read(request, settings)
    person = people.sign_in(session, settings, token=token, answer=sent.get("passkey", ""), now=now)
    return _welcome(session, settings, person, now=now, to=own_path(sent.get("next", OWN)))


@router.post("/sign-out", openapi_extra=form())
def sign_out(request: Request, _sent: OwnForm, session: DbSession, settings: CurrentSettings) -> Response:
    """End the session."""
    sessions.end(session, SESSION.read(request, settings))
    return RedirectResponse(f"{OWN}/sign-in", 303)


def _with(page: Response, ceremony: Ceremony, settings: Settings) -> Response:
    CEREMONY.write(page, ceremony.token, settings)
    return page


def _welcome(session: DbSession, settings: Settings, person: Person, *, now: Now, to: str) -> Response:
    response = RedirectResponse(to, 303)
    SESSION.write(response, sessions.start(session, person, now=now), settings)
    return response
