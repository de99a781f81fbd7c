"""The consent behind a token, and Grant Management for OAuth 2.0: what a bank may ask of its grants, and give up.

`GET /grant` is for the token of an agreement; the endpoint of Grant Management (section 6) takes a token of the bank's
own, of scope `grant_management_query` or `grant_management_revoke`.
"""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field
from sqlmodel import Session
from starlette.responses import Response

from gateway.clock import Now, rfc3339
from gateway.consent import lifecycle
from gateway.consent.rules import told
from gateway.consent.store import granted, standing
from gateway.consent.tables import Consent
from gateway.db import DbSession
from gateway.errors import ConflictError, ForbiddenError, NotFoundError, UnauthenticatedError, documented
from gateway.keys import CurrentKeys
from gateway.oauth import store
from gateway.oauth.authorize import standing_grant
from gateway.oauth.checks import SCOPE
from gateway.oauth.clients import GRANT_SCOPES
from gateway.oauth.resource import Caller, caller, refused
from gateway.settings import CurrentSettings

router = APIRouter(tags=["grants"])
ENDPOINT = "/oauth/grants"
QUERY, REVOKE = GRANT_SCOPES
REFUSALS = documented(UnauthenticatedError, ForbiddenError)
GONE = documented(UnauthenticatedError, ForbiddenError, NotFoundError, ConflictError)

Holder = Annotated[Caller, Depends(caller(SCOPE))]
Asking = Annotated[Caller, Depends(caller(QUERY))]
GivingUp = Annotated[Caller, Depends(caller(REVOKE))]


class Grant(BaseModel):
    """A consent as the bank that holds it may know it."""

    grant_id: str
    state: str = Field(description="active; or paused, by the owner or because title passed on.")
    since: str = Field(description="Since when it is in that state (RFC 3339).")
    version: int = Field(description="Rises whenever the owner agrees anew.")
    expires_at: str
    pulls: int = Field(description="How many were answered.")
    authorization_details: list[dict[str, Any]] = Field(description="As granted (RFC 9396).")


class GrantedScope(BaseModel):
    """A scope, and the resources for which it was granted (Grant Management section 6.4)."""

    scope: str
    resources: list[str]


class ManagedGrant(BaseModel):
    """A grant as Grant Management tells of it (section 6.4)."""

    scopes: list[GrantedScope]
    authorization_details: list[dict[str, Any]]


@router.get("/grant", responses=REFUSALS)
def grant_behind_token(
    holder: Holder, session: DbSession, settings: CurrentSettings, keyring: CurrentKeys, now: Now, answer: Response
) -> Grant:
    """Return the consent that the token is of. Once it has ended, the token is no longer valid."""
    consent = session.get(Consent, holder.token.grant_id)
    present = standing(consent, now=now) if consent else None
    if consent is None or standing_grant(session, consent.id, client_id=holder.client_id, now=now) is None:
        why = f"the consent is {told(present.state)}" if present else "the consent was not granted"
        raise refused(settings, keyring, now, error="invalid_token", why=why)
    assert present is not None  # noqa: S101 - there is a consent
    answer.headers["Cache-Control"] = "no-store"
    return Grant(
        grant_id=consent.id,
        state=str(present.state),
        since=rfc3339(present.since),
        version=present.version,
        expires_at=rfc3339(present.expires_at),
        pulls=consent.pulls,
        authorization_details=_details(session, consent),
    )


@router.get(ENDPOINT + "/{grant_id}", responses=documented(UnauthenticatedError, ForbiddenError, NotFoundError))
def query_grant(
    grant_id: str, asking: Asking, session: DbSession, settings: CurrentSettings, now: Now, answer: Response
) -> ManagedGrant:
    """Return what a grant of this client comprises (Grant Management section 6.4)."""
    consent = _own(session, grant_id, asking, now=now)
    answer.headers["Cache-Control"] = "no-store"
    resources = store.resources_of_grant(session, consent.id, gateway=settings.issuer)
    return ManagedGrant(
        scopes=[GrantedScope(scope=SCOPE, resources=resources)], authorization_details=_details(session, consent)
    )


@router.delete(ENDPOINT + "/{grant_id}", status_code=204, response_class=Response, responses=GONE)
def revoke_grant(grant_id: str, giving_up: GivingUp, session: DbSession, now: Now) -> None:
    """End a grant of this client and revoke its tokens, in force before the answer is sent (section 6.5)."""
    consent = _own(session, grant_id, giving_up, now=now)
    lifecycle.give_up(session, consent.id, bank_id=giving_up.client_id, now=now)
    store.revoke_grant(session, consent.id, now=now)


def _own(session: Session, grant_id: str, by: Caller, *, now: datetime) -> Consent:
    """Return a grant of this client that is in force. Raises `NotFoundError`, for another's as for none."""
    found = standing_grant(session, grant_id, client_id=by.client_id, now=now)
    if found is None:
        raise NotFoundError("no such grant of this client is in force")
    return found


def _details(session: Session, consent: Consent) -> list[dict[str, Any]]:
    version = granted(session, consent)
    return [version.terms] if version else []
