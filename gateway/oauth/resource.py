"""The resource server's side: who calls, with which token, holding which key (RFC 9068, RFC 9449 section 7)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from fastapi import Request
from sqlmodel import Session

from gateway.clock import Now
from gateway.db import DbSession
from gateway.errors import ForbiddenError, UnauthenticatedError
from gateway.keys import CurrentKeys, Keyring
from gateway.oauth import dpop, store
from gateway.oauth.compact import ALGORITHMS
from gateway.oauth.dpop import Proof
from gateway.oauth.errors import InvalidProofError, UseNonceError, plain
from gateway.oauth.tokens import Token, TokenError
from gateway.oauth.tokens import verify as verify_token
from gateway.settings import CurrentSettings, Settings
from gateway.tracing import authenticated

METADATA_PATH = "/.well-known/oauth-protected-resource"
SCHEME = "dpop "


@dataclass(frozen=True, slots=True)
class Caller:
    """An authenticated caller of the API."""

    client_id: str
    scope: tuple[str, ...]
    jkt: str
    token: Token


def challenge(
    settings: Settings, keyring: Keyring, now: datetime, *, error: str | None = None, description: str = ""
) -> dict[str, str]:
    """Return the headers of a refusal: the challenge (RFC 9449 section 7.1, RFC 9728 section 5.1) and a nonce."""
    parts = [f'error="{error}"', f'error_description="{plain(description)}"'] if error else []
    parts += [f'algs="{" ".join(ALGORITHMS)}"', f'resource_metadata="{settings.issuer}{METADATA_PATH}"']
    return {
        "WWW-Authenticate": "DPoP " + ", ".join(parts),
        "DPoP-Nonce": dpop.nonce(keyring.nonce, now),
        "Cache-Control": "no-store",
    }


def bearer(headers: Mapping[str, str]) -> str:
    """Return the access token of an `Authorization: DPoP` header. Raises `TokenError`: a bearer token is none."""
    given = headers.get("authorization", "")
    if given[: len(SCHEME)].lower() != SCHEME:
        raise TokenError("an access token with the DPoP scheme is missing")
    return given[len(SCHEME) :].strip()


def authenticate(
    request: Request,
    settings: Settings,
    keyring: Keyring,
    now: datetime,
    *,
    known: Callable[[str], Token] | None = None,
) -> tuple[Token, Proof]:
    """Return the token and the proof of a request, both verified. Whether either was used before, nobody has asked yet.

    `known` returns a verified token, if a caller keeps them. Raises `UnauthenticatedError` with the challenge.
    """
    try:
        text = bearer(request.headers)
        token = known(text) if known else verify_token(text, key=keyring.oauth, issuer=settings.issuer, now=now)
        proof = dpop.verify(
            _one_proof(request),
            method=request.method,
            url=f"{settings.issuer}{request.url.path}",
            secret=keyring.nonce,
            now=now,
            token=text,
        )
        if proof.jkt != token.jkt:
            raise TokenError("the access token is bound to another DPoP key")
    except UseNonceError as error:
        raise refused(settings, keyring, now, error="use_dpop_nonce", why=error.description) from None
    except InvalidProofError as error:
        raise refused(settings, keyring, now, error="invalid_dpop_proof", why=error.description) from None
    except TokenError as error:
        missing = not request.headers.get("authorization")
        raise refused(settings, keyring, now, error=None if missing else "invalid_token", why=str(error)) from None
    authenticated(token.client_id)
    return token, proof


def refused(
    settings: Settings, keyring: Keyring, now: datetime, *, error: str | None, why: str
) -> UnauthenticatedError:
    """Return the 401 for a reason, its challenge in the header and its code in the problem."""
    headers = challenge(settings, keyring, now, error=error, description=why)
    return UnauthenticatedError(why, headers=headers, **({"error": error} if error else {}))


def caller(scope: str | Callable[[Request], str]) -> Callable[..., Caller]:
    """Return the dependency that authenticates a caller of a `def` route and requires a scope.

    The proof is used up in the request's transaction. Raises `UnauthenticatedError`, `ForbiddenError`.
    """

    def dependency(
        request: Request, session: DbSession, settings: CurrentSettings, keyring: CurrentKeys, now: Now
    ) -> Caller:
        token, proof = authenticate(request, settings, keyring, now)
        _use(session, settings, keyring, now, token, proof)
        needed = scope if isinstance(scope, str) else scope(request)
        if needed not in token.scope:
            headers = challenge(settings, keyring, now, error="insufficient_scope", description=f"needs {needed}")
            raise ForbiddenError(f"the token lacks the scope {needed!r}", headers=headers, error="insufficient_scope")
        return Caller(token.client_id, token.scope, proof.jkt, token)

    return dependency


def _use(session: Session, settings: Settings, keyring: Keyring, now: datetime, token: Token, proof: Proof) -> None:
    try:
        store.use_proof(session, proof)
    except InvalidProofError as error:
        raise refused(settings, keyring, now, error="invalid_dpop_proof", why=error.description) from None
    if store.is_revoked(session, token):
        raise refused(settings, keyring, now, error="invalid_token", why="the access token is revoked")


def _one_proof(request: Request) -> str | None:
    """Return the `DPoP` header. Raises `InvalidProofError` if there are several (RFC 9449 section 4.3)."""
    given = request.headers.getlist("dpop")
    if len(given) > 1:
        raise InvalidProofError("there are several DPoP headers")
    return given[0] if given else None
