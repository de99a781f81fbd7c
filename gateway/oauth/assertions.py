"""Client authentication by signed assertion (`private_key_jwt`, RFC 7523), as FAPI 2.0 narrows it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from gateway.oauth import compact
from gateway.oauth.compact import Compact, CompactError
from gateway.oauth.errors import InvalidClientError, plain

TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
AHEAD = timedelta(seconds=60)
"""FAPI 2.0 section 5.3.2.1: accept 10 s ahead, refuse more than 60 s ahead."""
LONGEST = timedelta(minutes=5)
LONGEST_JTI = 256


@dataclass(frozen=True, slots=True)
class Assertion:
    """An assertion that holds: who made it, its id, and until when that must be remembered."""

    client_id: str
    jti: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Claimed:
    """An assertion that nobody has verified: whom it says it is by, and by which key."""

    client_id: str
    kid: object
    given: Compact


def claimed(assertion: str) -> Claimed:
    """Take an assertion apart. Raises `InvalidClientError`."""
    try:
        given = compact.read(assertion)
    except CompactError as error:
        raise InvalidClientError(plain(f"the client assertion {error}")) from None
    subject = given.claims.get("sub")
    if not isinstance(subject, str) or given.claims.get("iss") != subject:
        raise InvalidClientError("iss and sub of the client assertion must both be the client id")
    return Claimed(subject, given.header.get("kid"), given)


def verify(assertion: Claimed, *, jwks: Mapping[str, Any], issuer: str, now: datetime) -> Assertion:
    """Verify a client assertion by the client's registered keys; `aud` must be the issuer, as a string alone.

    Raises `InvalidClientError`.
    """
    try:
        compact.verify_by_one_of(assertion.given, jwks)
    except CompactError as error:
        raise InvalidClientError(plain(f"the client assertion {error}")) from None
    return _check(assertion.given.claims, issuer, now)


def _check(claims: Mapping[str, Any], issuer: str, now: datetime) -> Assertion:
    if claims.get("aud") != issuer:
        raise InvalidClientError(plain(f"aud of the client assertion must be the string {issuer}"))
    jti = claims.get("jti")
    if not isinstance(jti, str) or not 0 < len(jti) <= LONGEST_JTI:
        raise InvalidClientError(f"jti of the client assertion must be a string of 1 to {LONGEST_JTI} characters")
    expires = _instant(claims, "exp", required=True)
    if not now < expires <= now + LONGEST + AHEAD:
        raise InvalidClientError("exp of the client assertion must lie ahead, by five minutes at most")
    for name in ("iat", "nbf"):
        if _instant(claims, name, default=now) > now + AHEAD:
            raise InvalidClientError(f"{name} of the client assertion lies more than 60 seconds ahead")
    return Assertion(str(claims["sub"]), jti, expires + AHEAD)


def _instant(
    claims: Mapping[str, Any], name: str, *, required: bool = False, default: datetime | None = None
) -> datetime:
    value = claims.get(name)
    if value is None and default is not None and not required:
        return default
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 2**40:
        raise InvalidClientError(f"{name} of the client assertion must be a number of seconds since 1970")
    return datetime.fromtimestamp(value, UTC)
