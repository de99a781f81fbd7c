"""The token endpoint: read, decide, use up, answer. Of the three the deciding alone takes no I/O, and none a thread."""

from collections.abc import Callable, Coroutine
from typing import Any

import structlog
from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.routing import APIRoute
from sqlmodel import Session
from starlette.responses import Response

from gateway import figures
from gateway.ballast import room
from gateway.db.pool import FAULTS
from gateway.errors import NotYetError
from gateway.oauth import client_keys, reads, store
from gateway.oauth.clients import Client, Stored
from gateway.oauth.description import TOKEN, answers
from gateway.oauth.errors import (
    InvalidClientError,
    InvalidGrantError,
    InvalidProofError,
    InvalidRequestError,
    OAuth2Error,
)
from gateway.oauth.grants import REPLAYED_CODE, S256, CodeGrant, OwnGrant, RefreshGrant
from gateway.oauth.parameters import form
from gateway.oauth.receiving import FormRequest, proof_of, received
from gateway.oauth.store import REPLAYED_ASSERTION, REPLAYED_PROOF
from gateway.oauth.tables import FetchedKeys
from gateway.oauth.token_server import Found, TokenServer


class _Direct(APIRoute):
    """A route that FastAPI describes, and whose handler takes the request as it is: no dependency is solved for it."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler."""
        return self.endpoint


router = APIRouter(tags=["oauth"], route_class=_Direct)
SOON = {"Retry-After": "1"}
_log = structlog.get_logger(__name__)


@router.post(
    "/oauth/token",
    response_class=Response,
    responses=answers(200, "Tokens, bound to the proof's key (RFC 6749, RFC 9396)."),
    openapi_extra=TOKEN,
)
async def give_tokens(request: Request) -> Response:
    """Give tokens for a code, a refresh token, or a client's own credentials (RFC 6749, RFC 9449, RFC 8705)."""
    await room(request)
    sent, state = await form(request), request.app.state
    server = TokenServer(state.settings, state.keyring, state.clock())
    grant_type = None
    try:
        asked = received(request, sent, server.settings)
        required = asked.certificate is None and "client_assertion" in asked.form
        server.proof = proof_of(request, server.settings, server.keyring, server.now, required=required)
        if "grant_type" not in asked.form:
            raise InvalidRequestError("grant_type is missing")
        grant_type = asked.form["grant_type"]
        response = server.answer(200, await _Exchange(request, server, asked).answer())
    except OAuth2Error as error:
        response = server.refuse(error)
    except FAULTS:
        _log.exception("the database did not answer a request for a token")
        raise NotYetError("the database does not answer: ask again", headers=SOON) from None
    outcome = "given" if response.status_code == 200 else "refused"  # noqa: PLR2004 - RFC 6749 section 5.1
    figures.tokens.labels(figures.grant_type(grant_type), outcome).inc()
    return response


class _Exchange:
    """One request at the token endpoint, its form read and its proof verified."""

    def __init__(self, request: Request, server: TokenServer, asked: FormRequest) -> None:
        self._state, self._server, self._asked = request.app.state, server, asked

    async def answer(self) -> dict[str, Any]:
        """Return the token response, once what it takes is used up. Raises OAuth errors."""
        server = self._server
        await self._read(server.found)
        server.register_grant(CodeGrant, [S256(required=True)])
        server.register_grant(RefreshGrant)
        server.register_grant(OwnGrant)
        decided: dict[str, Any] | OAuth2Error = server.create_token_response(self._asked)
        await self._use()
        if server.redeemed is not None and not await reads.redeem(self._state.pool, *server.redeemed):
            decided, server.replayed = InvalidGrantError(REPLAYED_CODE), server.redeemed[0].family
        if server.replayed is not None:
            await run_in_threadpool(self._revoke, server.replayed)
        if isinstance(decided, OAuth2Error):
            raise decided
        return decided

    async def _read(self, found: Found) -> None:
        """Read what the request names: its client, and its code or refresh token."""
        pool, form = self._state.pool, self._asked.form
        client_id, kid = self._named()
        known = await reads.client(pool, client_id) if client_id else None
        if known is None:
            return
        found.registered = known[0]
        found.jwks = await self._keys(*known, kid)
        if form["grant_type"] == CodeGrant.GRANT_TYPE and (code := await reads.code(pool, form.get("code", ""))):
            found.code, found.agreed = code
        if form["grant_type"] == RefreshGrant.GRANT_TYPE:
            token = await reads.refresh_token(pool, form.get("refresh_token", ""))
            found.refresh_token, found.agreed = token or (None, None)

    def _named(self) -> tuple[str | None, object]:
        """Return whom the request says it is by, and the key that it names."""
        if not self._asked.is_asserted:
            return self._asked.form.get("client_id"), None
        try:
            return self._asked.claimed.client_id, self._asked.claimed.kid
        except InvalidClientError:  # said again, with its answer, by the authentication
            return None, None

    async def _keys(self, client: Client, fetched: FetchedKeys | None, kid: object) -> dict[str, Any]:
        if client.metadata.jwks_uri is None:
            return client.participant.client_jwks
        kept = client_keys.kept(fetched, kid=kid, now=self._server.now)
        return await run_in_threadpool(self._fetched, client, kid) if kept is None else kept

    def _fetched(self, client: Client, kid: object) -> dict[str, Any]:
        server = self._server
        with Session(self._state.engine) as session:
            jwks = Stored(session, server.settings, server.now).keys(client, kid)
            session.commit()
        return jwks

    async def _use(self) -> None:
        """Use proof and assertion up. Raises `InvalidProofError`, `InvalidClientError` if one was before."""
        proof, assertion = await self._state.used.use(self._server.proof, self._server.found.assertion)
        if not proof:
            raise InvalidProofError(REPLAYED_PROOF)
        if not assertion:
            raise InvalidClientError(REPLAYED_ASSERTION, status_code=401)

    def _revoke(self, family: str) -> None:
        with Session(self._state.engine) as session:
            store.revoke_family(session, family, now=self._server.now)
            session.commit()
