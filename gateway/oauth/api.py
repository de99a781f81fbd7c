"""The authorization server over HTTP."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from http import HTTPStatus
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Request
from starlette.responses import RedirectResponse, Response

from gateway import figures
from gateway.clock import Now
from gateway.db import DbSession, once_committed
from gateway.directory.tables import Participant
from gateway.errors import InvalidError
from gateway.keys import CurrentKeys
from gateway.oauth import authorize, checks, client_keys, dpop, endpoints, jar, metadata, mtls, store
from gateway.oauth.asked import Asked
from gateway.oauth.description import OF_TOKEN, PUSHED, TOKEN, answers
from gateway.oauth.dpop import Proof
from gateway.oauth.errors import InvalidClientError, InvalidProofError, InvalidRequestError, OAuth2Error
from gateway.oauth.grants import S256, CodeGrant, OwnGrant, RefreshGrant
from gateway.oauth.mtls import CertificateError
from gateway.oauth.parameters import Form, form
from gateway.oauth.parameters import read as read_query
from gateway.oauth.server import FormRequest, Server
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
        self.server = Server(session, settings, keyring, now)

    def run(self, action: Action, status: int = 200) -> Response:
        """Return what `action` answers, or its error."""
        try:
            return self.server.answer(status, action(self.server, self.read()))
        except OAuth2Error as error:
            return self.server.refuse(error)

    def read(self) -> FormRequest:
        """Return the form as Authlib sees it. Raises `InvalidRequestError`."""
        try:
            certificate = mtls.shown(self.request, self.server.settings.trusted_proxies)
        except CertificateError as error:
            raise InvalidClientError(str(error), status_code=401) from None
        return FormRequest(self.url, self.sent.parameters(), certificate)

    @property
    def url(self) -> str:
        """The endpoint's public URL."""
        return f"{self.server.settings.base_url(self.request.headers.get('host'))}{self.request.url.path}"

    def take_proof(self, *, required: bool) -> None:
        """Verify the DPoP proof and use it up, before anything else is consumed. Raises OAuth errors."""
        given = self.request.headers.getlist("dpop")
        if not given and not required:
            return
        if len(given) > 1:
            raise InvalidProofError("there are several DPoP headers")
        server = self.server
        proof: Proof = dpop.verify(
            given[0] if given else None, method="POST", url=self.url, secret=server.keyring.nonce, now=server.now
        )
        store.use_proof(self.session, proof)
        server.proof = proof


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
        endpoint.take_proof(required=False)
        client = server.authenticate(request, "pushed_authorization_request")
        asked = _asked(server, client.participant, request.form)
        checks.check(asked)
        seconds = server.settings.request_uri_seconds
        uri = authorize.push(server.session, asked, life=timedelta(seconds=seconds), now=server.now)
        return {"request_uri": uri, "expires_in": seconds}

    return endpoint.run(push, 201)


def _asked(server: Server, client: Participant, parameters: Mapping[str, str]) -> Asked:
    """Return a pushed request as it is to be checked."""
    session, settings, now = server.session, server.settings, server.now

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
    "/oauth/token",
    response_class=Response,
    responses=answers(200, "Tokens, bound to the proof's key (RFC 6749, RFC 9396)."),
    openapi_extra=TOKEN,
)
def give_tokens(endpoint: SentTo) -> Response:
    """Give tokens for a code, a refresh token, or a client's own credentials (RFC 6749, RFC 9449, RFC 8705)."""
    response, grant_type = _answer(endpoint)
    outcome = "given" if response.status_code == HTTPStatus.OK else "refused"
    once_committed(endpoint.session, figures.tokens.labels(figures.grant_type(grant_type), outcome).inc)
    return response


def _answer(endpoint: Endpoint) -> tuple[Response, str | None]:
    """Return the token endpoint's answer, and the grant type that was asked for."""
    server = endpoint.server
    try:
        request = endpoint.read()
        endpoint.take_proof(required=request.certificate is None and "client_assertion" in request.form)
        if "grant_type" not in request.form:
            raise InvalidRequestError("grant_type is missing")
    except OAuth2Error as error:
        return server.refuse(error), None
    server.register_grant(CodeGrant, [S256(required=True)])
    server.register_grant(RefreshGrant)
    server.register_grant(OwnGrant)
    return server.create_token_response(request), request.form["grant_type"]


@router.post(
    "/oauth/revoke",
    response_class=Response,
    responses=answers(200, "Revoked, or never known."),
    openapi_extra=OF_TOKEN,
)
def revoke_token(endpoint: SentTo) -> Response:
    """Revoke one of the client's tokens (RFC 7009)."""
    return endpoint.run(endpoints.revoke)


@router.post(
    "/oauth/introspect",
    response_class=Response,
    responses=answers(200, "Whether it is active, and what it says."),
    openapi_extra=OF_TOKEN,
)
def introspect_token(endpoint: SentTo) -> Response:
    """Say whether one of the client's tokens is active (RFC 7662)."""
    return endpoint.run(endpoints.introspect)


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
