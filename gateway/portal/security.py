"""Who is signed in, and whether a form came from our own page."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request
from sqlmodel import Session
from starlette.responses import Response

from gateway.clock import Now
from gateway.db import DbSession
from gateway.directory import sessions
from gateway.directory.tables import Person
from gateway.errors import ForbiddenError, GatewayError, InvalidError
from gateway.oauth.errors import OAuth2Error
from gateway.oauth.parameters import Form, form
from gateway.settings import CurrentSettings, Settings

OWN = "/portal"
LONGEST_COOKIES = 8192
"""Bytes of all cookies; with more, none is read: Python before 3.11.10 takes quadratic time to unquote them."""


class SignInRequired(GatewayError):  # noqa: N818 - not an error: the way there
    """The page is for somebody who is signed in; `next` is the page to come back to."""

    status, code = ForbiddenError.status, "sign_in_required"

    def __init__(self, back_to: str) -> None:
        super().__init__("sign in first")
        self.back_to = back_to


@dataclass(frozen=True, slots=True)
class Cookie:
    """A cookie of the portal. Over https its name carries __Host-: no other host and no plain page can set it."""

    name: str

    def full_name(self, settings: Settings) -> str:
        """Return the name as it is sent."""
        return f"__Host-{self.name}" if settings.issuer.startswith("https:") else self.name

    def read(self, request: Request, settings: Settings) -> str:
        """Return the cookie's value, or an empty string."""
        if sum(map(len, request.headers.getlist("cookie"))) > LONGEST_COOKIES:
            return ""
        return request.cookies.get(self.full_name(settings), "")

    def write(self, response: Response, value: str, settings: Settings) -> None:
        """Set the cookie until the browser closes."""
        response.set_cookie(
            self.full_name(settings),
            value,
            path="/",
            secure=settings.issuer.startswith("https:"),
            httponly=True,
            samesite="lax",
        )


SESSION = Cookie("tidegate_session")
CEREMONY = Cookie("tidegate_ceremony")


def _visitor(request: Request, session: DbSession, settings: CurrentSettings, now: Now) -> Person | None:
    return signed_in(request, session, settings, now)


def signed_in(request: Request, session: Session, settings: Settings, now: datetime) -> Person | None:
    """Return who is signed in, if anybody is."""
    token = SESSION.read(request, settings)
    return sessions.find(session, token, now=now) if token else None


def _person(request: Request, visitor: "Visitor") -> Person:
    if visitor is None:
        raise SignInRequired(request.url.path if request.method == "GET" else OWN)
    return visitor


def _own_form(request: Request, settings: CurrentSettings, sent: Annotated[Form, Depends(form)]) -> Mapping[str, str]:
    """Return a form that our own page sent. Raises `ForbiddenError` for one from elsewhere (Fetch Metadata, Origin)."""
    site = request.headers.get("sec-fetch-site")
    ours = site == "same-origin" if site else request.headers.get("origin") == settings.issuer
    if not ours:
        raise ForbiddenError("this form was not sent from this site's own page: open the page and try again")
    try:
        return sent.parameters()
    except OAuth2Error as error:
        raise InvalidError(str(error.description)) from None


Visitor = Annotated[Person | None, Depends(_visitor)]
"""Who is signed in, or None."""
SignedIn = Annotated[Person, Depends(_person)]
"""Who is signed in; anybody else is sent to sign in."""
OwnForm = Annotated[Mapping[str, str], Depends(_own_form)]
"""The parameters of a form that our own page sent."""


def own_path(path: str) -> str:
    """Return `path` if it leads within the portal, else the portal's home: nobody is sent elsewhere by a link."""
    within = path == OWN or path.startswith(f"{OWN}/")
    return path if within and not set(path) & set("\\\r\n") and "//" not in path else OWN
