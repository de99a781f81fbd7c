"""The portal over HTTP: its pages, and how its errors look."""

from collections.abc import Awaitable, Callable
from urllib.parse import urlencode

from fastapi import APIRouter, FastAPI, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from gateway.errors import GatewayError, NotFoundError, to_problem
from gateway.portal import approvals, consents, enrolment, links, pages, pulls, requests
from gateway.portal.description import ANSWERS, ASSET
from gateway.portal.pages import render
from gateway.portal.security import OWN, SignInRequired, Visitor

router = APIRouter(tags=["portal"], default_response_class=HTMLResponse, responses=ANSWERS)
for each in (enrolment.router, requests.router, approvals.router, consents.router, pulls.router, links.router):
    router.include_router(each)


@router.get(OWN)
def home(visitor: Visitor) -> RedirectResponse:
    """Go to the consents, or sign in first."""
    return RedirectResponse(f"{OWN}/consents" if visitor else f"{OWN}/sign-in", 303)


@router.get(OWN + "/assets/{digest}/{name}", response_class=Response, responses=ASSET)
def asset(digest: str, name: str) -> Response:
    """Return the stylesheet or the script."""
    found = pages.asset(digest, name)
    if found is None:
        raise NotFoundError("no such asset")
    return found


Handler = Callable[[Request, Exception], Response | Awaitable[Response]]


def install(app: FastAPI) -> None:
    """Answer errors under the portal's paths as pages for people; everything else as before."""
    app.add_exception_handler(GatewayError, _answer)


def _answer(request: Request, error: Exception) -> Response:
    assert isinstance(error, GatewayError)  # noqa: S101 - registered for this class
    if not request.url.path.startswith((OWN, "/oauth/authorize")):
        return to_problem(error)
    if isinstance(error, SignInRequired):
        return RedirectResponse(f"{OWN}/sign-in?{urlencode({'next': error.back_to})}", 303)
    return render("error.html", status=error.status, message=error.detail, person=None)
