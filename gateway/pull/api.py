"""`POST /evidence`: a plain Starlette route, and `async`; the OpenAPI document has it like the others."""

from datetime import datetime

import structlog
from fastapi import APIRouter, FastAPI, Request
from starlette.responses import Response

from gateway import figures
from gateway.ballast import room
from gateway.db.pool import FAULTS
from gateway.errors import ForbiddenError, GatewayError, NotYetError, TooLargeError, UnsupportedMediaError
from gateway.keys import Keyring
from gateway.oauth.checks import SCOPE
from gateway.oauth.dpop import nonce
from gateway.oauth.resource import authenticate, challenge
from gateway.oauth.tokens import Token
from gateway.oauth.tokens import verify as verify_token
from gateway.pull import question
from gateway.pull.answer import Puller
from gateway.pull.port import Port
from gateway.pull.refusals import SOON
from gateway.settings import Settings

router = APIRouter()
PATH = "/evidence"
MOST_TOKENS = 10_000
_log = structlog.get_logger(__name__)


class KnownTokens:
    """Access tokens that were verified, until they or their key end: a signature is checked once a process."""

    def __init__(self, settings: Settings, keyring: Keyring) -> None:
        self._settings, self._keyring = settings, keyring
        self._known: dict[str, Token] = {}

    def verified(self, text: str, now: datetime) -> Token:
        """Return what a token says. Raises `TokenError`."""
        token = self._known.get(text)
        keys = self._keyring.oauth
        if token is None or now >= token.expires_at or keys.honoured(token.kid, now) is None:
            self._known.pop(text, None)
            token = verify_token(text, keys=keys, issuer=self._settings.issuer, now=now)
            if len(self._known) >= MOST_TOKENS:
                self._known.clear()
            self._known[text] = token
        return token


def prepare(app: FastAPI) -> None:
    """Give the application what a pull needs, on its pool of connections."""
    settings, keyring = app.state.settings, app.state.keyring
    app.state.puller = Puller(Port(app.state.pool), settings, keyring)
    app.state.known_tokens = KnownTokens(settings, keyring)


async def pull_evidence(request: Request) -> Response:
    """Answer a bank's question with evidence: records, proofs, and one receipt."""
    try:
        response = await _answer(request)
    except GatewayError as error:
        figures.pulls.labels(error.members.get("error", error.code)).inc()
        raise
    figures.pulls.labels("given").inc()
    return response


async def _answer(request: Request) -> Response:
    await room(request)
    state = request.app.state
    settings, keyring, now = state.settings, state.keyring, state.clock()
    token, proof = authenticate(
        request, settings, keyring, now, known=lambda text: state.known_tokens.verified(text, now)
    )
    if SCOPE not in token.scope:
        headers = challenge(settings, keyring, now, error="insufficient_scope", description=f"needs {SCOPE}")
        raise ForbiddenError(f"the token lacks the scope {SCOPE!r}", headers=headers, error="insufficient_scope")
    asked = question.read(await _body(request))
    try:
        evidence = await state.puller.answer(token, proof, asked, now=now)
    except FAULTS:
        _log.exception("the database did not answer a pull")
        raise NotYetError("the database does not answer: ask again", headers=SOON) from None
    headers = {"Cache-Control": "no-store", "DPoP-Nonce": nonce(keyring.nonce, now)}
    if evidence.cursor:
        headers["Tidegate-Next-Cursor"] = evidence.cursor
    return Response(evidence.data, media_type="application/json", headers=headers)


async def _body(request: Request) -> bytes:
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > question.MOST_BYTES:
            raise TooLargeError(f"the question is larger than {question.MOST_BYTES} bytes")
    if body and given != "application/json":
        raise UnsupportedMediaError("the question must be application/json")
    return bytes(body)


router.add_route(PATH, pull_evidence, methods=["POST"])
