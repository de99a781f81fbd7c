"""The resource server's side: who calls, with which token, holding which key (RFC 9068, RFC 9449 section 7)."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from fastapi import Request
from sqlmodel import Session

from gateway.clock import Now
from gateway.db import DbSession
from gateway.errors import ForbiddenError, UnauthenticatedError
from gateway.keys import CurrentKeys, Keyring
from gateway.oauth import dpop, mtls, store
from gateway.oauth.compact import ALGORITHMS
from gateway.oauth.dpop import Proof
from gateway.oauth.errors import InvalidProofError, UseNonceError, plain
from gateway.oauth.mtls import CertificateError
from gateway.oauth.tokens import Token, TokenError
from gateway.oauth.tokens import verify as verify_token
from gateway.settings import CurrentSettings, Networks, Settings
from gateway.tracing import authenticated
from ledger.codec import b64u

METADATA_PATH = "/.well-known/oauth-protected-resource"
SCHEMES = ("dpop", "bearer")
NO_TOKEN = "an access token with the DPoP scheme is missing"  # noqa: S105 - a message
ID_BYTES = 16


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


def credentials(headers: Mapping[str, str]) -> tuple[str, str]:
    """Return the scheme, in lower case, and the access token of an `Authorization` header. Raises `TokenError`."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() not in SCHEMES or not token.strip():
        raise TokenError(NO_TOKEN)
    return scheme.lower(), token.strip()


def authenticate(
    request: Request,
    settings: Settings,
    keyring: Keyring,
    now: datetime,
    *,
    known: Callable[[str], Token] | None = None,
) -> tuple[Token, Proof]:
    """Return the token and the proof of a request, both verified. Whether either was used before, nobody has asked yet.

    `known` returns a verified token, if a caller keeps them. A token that is bound to a certificate (RFC 8705) comes
    with that in place of a proof. Raises `UnauthenticatedError` with the challenge.
    """
    try:
        scheme, text = credentials(request.headers)
        token = known(text) if known else verify_token(text, keys=keyring.oauth, issuer=settings.issuer, now=now)
        if token.x5t is not None:
            token, proof = _by_certificate(request, scheme, token, settings.trusted_proxies, now)
        elif scheme != "dpop":
            raise TokenError(NO_TOKEN)
        else:
            proof = _by_proof(request, settings, keyring, now, token, text)
    except UseNonceError as error:
        raise refused(settings, keyring, now, error="use_dpop_nonce", why=error.description) from None
    except InvalidProofError as error:
        raise refused(settings, keyring, now, error="invalid_dpop_proof", why=error.description) from None
    except TokenError as error:
        missing = not request.headers.get("authorization")
        raise refused(settings, keyring, now, error=None if missing else "invalid_token", why=str(error)) from None
    authenticated(token.client_id)
    return token, proof


def _by_proof(request: Request, settings: Settings, keyring: Keyring, now: datetime, token: Token, text: str) -> Proof:
    proof = dpop.verify(
        _one_proof(request),
        method=request.method,
        url=f"{settings.base_url(request.headers.get('host'))}{request.url.path}",
        secret=keyring.nonce,
        now=now,
        token=text,
    )
    if proof.jkt != token.jkt:
        raise TokenError("the access token is bound to another DPoP key")
    return proof


def _by_certificate(
    request: Request, scheme: str, token: Token, trusted: Networks, now: datetime
) -> tuple[Token, Proof]:
    """Return the token with the thumbprint of the certificate's key, and what stands for the proof of this request."""
    try:
        certificate = mtls.shown(request, trusted)
    except CertificateError as error:
        raise TokenError(str(error)) from None
    if scheme != "bearer":
        raise TokenError("the access token is bound to a certificate: send it as Bearer (RFC 8705 section 3)")
    if certificate is None or certificate.x5t != token.x5t:
        raise TokenError("the access token is bound to another client certificate")
    once = Proof(certificate.jkt, b64u(secrets.token_bytes(ID_BYTES)), now)
    return replace(token, jkt=certificate.jkt), once


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
