"""The authorization server over HTTP, but for its token endpoint."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Request
from sqlmodel import Session
from starlette.responses import RedirectResponse, Response

from gateway.clock import Now
from gateway.db import DbSession
from gateway.directory.tables import Participant
from gateway.errors import InvalidError
from gateway.keys import CurrentKeys
from gateway.oauth import authorize, checks, client_keys, endpoints, jar, metadata, repeated, store
from gateway.oauth.asked import Asked
from gateway.oauth.clients import Stored
from gateway.oauth.description import OF_TOKEN, PUSHED, answers
from gateway.oauth.errors import OAuth2Error
from gateway.oauth.parameters import Form, form
from gateway.oauth.parameters import read as read_query
from gateway.oauth.receiving import FormRequest, proof_of, received
from gateway.oauth.repeated import Key
from gateway.oauth.server import Server
from gateway.oauth.tables import PushedRequest
from gateway.settings import CurrentSettings

router = APIRouter(tags=["oauth"])
SentForm = Annotated[Form, Depends(form)]
KEYS_SECONDS = 300
"""How long others may keep the gateway's keys: a new one is published long before it signs."""
Action = Callable[[Server, FormRequest], dict[str, Any]]


PAGE = {"text/html": {"schema": {"type": "string"}}}
QUERY = [
    {"name": name, "in": "query", "required": True, "schema": {"type": "string"}}
    for name in ("client_id", "request_uri")
]


class Endpoint:
    """What every endpoint with a form needs; `run` answers its errors in OAuth's form."""

    def __init__(
        self,
        request: Request,
        sent: SentForm,
        session: DbSession,
        settings: CurrentSettings,
        keyring: CurrentKeys,
        now: Now,
    ) -> None:
        self.request, self.sent, self.session = request, sent, session
        self.server = Server(Stored(session, settings, now), settings, keyring, now)

    def run(self, action: Action, status: int = 200) -> Response:
        """Return what `action` answers, or its error."""
        server = self.server
        try:
            return server.answer(status, action(server, received(self.request, self.sent, server.settings)))
        except OAuth2Error as error:
            return server.refuse(error)

    def take_proof(self) -> None:
        """Verify the DPoP proof if there is one, and use it up before anything else is. Raises OAuth errors."""
        server = self.server
        server.proof = proof_of(self.request, server.settings, server.keyring, server.now, required=False)
        if server.proof is not None:
            store.use_proof(self.session, server.proof)


SentTo = Annotated[Endpoint, Depends(Endpoint)]


@router.post(
    "/oauth/par",
    status_code=201,
    response_class=Response,
    responses=answers(
        201,
        "request_uri, and how many seconds it lives.",
        begin_authorization={"client_id": "$request.body#/client_id", "request_uri": "$response.body#/request_uri"},
    ),
    openapi_extra=PUSHED,
)
def push_authorization_request(endpoint: SentTo) -> Response:
    """Push an authorization request (RFC 9126): answers `request_uri` and how many seconds it lives."""

    def push(server: Server, request: FormRequest) -> dict[str, Any]:
        endpoint.take_proof()
        client = server.authenticate(request, "pushed_authorization_request")
        asked = _asked(endpoint.session, server, client.participant, request.form)
        checks.check(asked)
        pushed = _pushed(endpoint.session, server, asked, Key.of(endpoint.request.headers, asked))
        seconds = int((pushed.expires_at - server.now).total_seconds())
        return {"request_uri": authorize.request_uri(pushed.id, server.keyring), "expires_in": seconds}

    return endpoint.run(push, 201)


def _pushed(session: Session, server: Server, asked: Asked, key: Key | None) -> PushedRequest:
    """Return the request as it was pushed before under the same key, or store it."""
    now, life = server.now, timedelta(seconds=server.settings.request_uri_seconds)
    before = repeated.find(session, key, client_id=asked.client.id, now=now) if key else None
    return before or authorize.push(session, asked, keyring=server.keyring, key=key, life=life, now=now)


def _asked(session: Session, server: Server, client: Participant, parameters: Mapping[str, str]) -> Asked:
    """Return a pushed request as it is to be checked."""
    settings, now = server.settings, server.now

    def opened(text: str) -> Mapping[str, str]:
        given, allow = jar.read(text), settings.outbound_allow
        jwks = client_keys.jwks(session, client, kid=given.header.get("kid"), now=now, allow=allow)
        return jar.parameters(jar.RequestObject(given, client.id, settings.issuer, jwks, now))

    return Asked(
        client,
        parameters,
        server.proof,
        resources=authorize.resources(session, settings.issuer),
        open_object=opened,
        standing_grant=lambda grant_id: authorize.standing_grant(session, grant_id, client_id=client.id, now=now),
    )


@router.get(
    "/oauth/authorize",
    status_code=303,
    response_class=RedirectResponse,
    responses={status: {"description": "A page that says what is wrong.", "content": PAGE} for status in (404, 422)},
    openapi_extra={"parameters": QUERY},
)
def begin_authorization(request: Request, session: DbSession, now: Now) -> RedirectResponse:
    """Take the owner's browser to the page of a pushed request. Whatever is wrong here never redirects to a client."""
    try:
        parameters = read_query(request.url.query.encode())
    except OAuth2Error as error:
        raise InvalidError(str(error.description)) from None
    checks.check_brought(parameters)
    found = authorize.by_uri(session, client_id=parameters["client_id"], request_uri=parameters["request_uri"], now=now)
    return RedirectResponse(f"/portal/requests/{quote(found.id)}", 303, headers={"Cache-Control": "no-store"})


@router.post(
    "/oauth/revoke",
    response_class=Response,
    responses=answers(200, "Revoked, or never known."),
    openapi_extra=OF_TOKEN,
)
def revoke_token(endpoint: SentTo) -> Response:
    """Revoke one of the client's tokens (RFC 7009)."""
    return endpoint.run(partial(endpoints.revoke, endpoint.session))


@router.post(
    "/oauth/introspect",
    response_class=Response,
    responses=answers(200, "Whether it is active, and what it says."),
    openapi_extra=OF_TOKEN,
)
def introspect_token(endpoint: SentTo) -> Response:
    """Say whether one of the client's tokens is active (RFC 7662)."""
    return endpoint.run(partial(endpoints.introspect, endpoint.session))


@router.get("/oauth/jwks")
def signing_keys(keyring: CurrentKeys, now: Now, answer: Response) -> dict[str, Any]:
    """Return the public keys that sign access tokens and authorization responses (RFC 7517)."""
    answer.headers["Cache-Control"] = f"public, max-age={KEYS_SECONDS}"
    return metadata.jwks(keyring, now)


@router.get("/.well-known/oauth-authorization-server")
def authorization_server_metadata(settings: CurrentSettings) -> dict[str, Any]:
    """Return the authorization server's metadata (RFC 8414)."""
    return metadata.authorization_server(settings)


@router.get("/.well-known/oauth-protected-resource")
def protected_resource_metadata(settings: CurrentSettings) -> dict[str, Any]:
    """Return the protected resource's metadata (RFC 9728)."""
    return metadata.protected_resource(settings)
