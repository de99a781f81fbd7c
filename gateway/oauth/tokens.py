"""Access tokens (RFC 9068): signed JWTs of five minutes, bound to a key or a certificate. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from gateway.token_keys import TokenKeys
from ledger import jws
from ledger.codec import canonical
from ledger.errors import CodecError, VerificationError

TYP = "at+jwt"
LONGEST = 65_536


class TokenError(Exception):
    """The access token is not one of this gateway's, or has ended."""


@dataclass(frozen=True, slots=True)
class Token:
    """What an access token says. `grant_id` is the consent, None for a client's own token.

    It is bound to a DPoP key, of thumbprint `jkt`, or to a certificate of SHA-256 `x5t` (RFC 8705); then `jkt` is that
    of the certificate's key once the certificate was seen. `kid` is the key that signed it.
    """

    audience: str
    client_id: str
    subject: str
    scope: tuple[str, ...]
    jkt: str
    x5t: str | None
    kid: str
    jti: str
    family: str
    expires_at: datetime
    grant_id: str | None
    claims: Mapping[str, Any]


def sign(claims: Mapping[str, Any], keys: TokenKeys) -> str:
    """Return an access token with these claims (ES256), by the key of its `iat`."""
    key = keys.signing(datetime.fromtimestamp(claims["iat"], UTC))
    return jws.sign(canonical(dict(claims)), typ=TYP, kid=key.kid, key=key.private)


def verify(token: str, *, keys: TokenKeys, issuer: str, now: datetime) -> Token:
    """Return what a token for the gateway says. Raises `TokenError` unless it is by it, for it, and has not ended."""
    found = read(token, keys=keys, issuer=issuer, now=now)
    if found.audience != issuer:
        raise TokenError("the access token is of or for another server")
    return found


def read(token: str, *, keys: TokenKeys, issuer: str, now: datetime) -> Token:
    """Return what a token says, whichever resource it is for. Raises `TokenError`."""
    try:
        signed = jws.read(token, typ=TYP, max_bytes=LONGEST)
        key = keys.honoured(signed.kid, now)
        if key is None:
            raise TokenError("the access token is signed by an unknown key")
        jws.verify(signed, key.public)
        claims = jws.payload(signed, max_bytes=LONGEST)
    except (CodecError, VerificationError):
        raise TokenError("the access token is not one of this gateway's") from None
    if claims["iss"] != issuer:
        raise TokenError("the access token is of or for another server")
    expires_at = datetime.fromtimestamp(claims["exp"], UTC)
    if now >= expires_at:
        raise TokenError("the access token has ended")
    return Token(
        audience=claims["aud"],
        client_id=claims["client_id"],
        subject=claims["sub"],
        scope=tuple(claims["scope"].split()),
        jkt=claims["cnf"].get("jkt", ""),
        x5t=claims["cnf"].get("x5t#S256"),
        kid=signed.kid,
        jti=claims["jti"],
        family=claims["family"],
        expires_at=expires_at,
        grant_id=claims.get("grant_id"),
        claims=claims,
    )
