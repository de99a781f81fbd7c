"""Access tokens (RFC 9068): signed JWTs of five minutes, bound to a DPoP key. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from gateway.keys import OAuthKey
from ledger import jws
from ledger.codec import canonical
from ledger.errors import CodecError, VerificationError

TYP = "at+jwt"
LONGEST = 65_536


class TokenError(Exception):
    """The access token is not one of this gateway's, or has ended."""


@dataclass(frozen=True, slots=True)
class Token:
    """What an access token says. `grant_id` is the consent, None for a provider's own token."""

    client_id: str
    subject: str
    scope: tuple[str, ...]
    jkt: str
    jti: str
    family: str
    expires_at: datetime
    grant_id: str | None
    claims: Mapping[str, Any]


def sign(claims: Mapping[str, Any], key: OAuthKey) -> str:
    """Return an access token with these claims (ES256)."""
    return jws.sign(canonical(dict(claims)), typ=TYP, kid=key.kid, key=key.private)


def verify(token: str, *, key: OAuthKey, issuer: str, now: datetime) -> Token:
    """Return what a token says. Raises `TokenError` unless it is by this gateway, for it, and has not ended."""
    try:
        signed = jws.read(token, typ=TYP, max_bytes=LONGEST)
        if signed.kid != key.kid:
            raise TokenError("the access token is signed by an unknown key")
        jws.verify(signed, key.public)
        claims = jws.payload(signed, max_bytes=LONGEST)
    except (CodecError, VerificationError):
        raise TokenError("the access token is not one of this gateway's") from None
    if claims["iss"] != issuer or claims["aud"] != issuer:
        raise TokenError("the access token is of or for another server")
    expires_at = datetime.fromtimestamp(claims["exp"], UTC)
    if now >= expires_at:
        raise TokenError("the access token has ended")
    return Token(
        client_id=claims["client_id"],
        subject=claims["sub"],
        scope=tuple(claims["scope"].split()),
        jkt=claims["cnf"]["jkt"],
        jti=claims["jti"],
        family=claims["family"],
        expires_at=expires_at,
        grant_id=claims.get("grant_id"),
        claims=claims,
    )
