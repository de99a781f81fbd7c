"""Signed authorization requests (JAR, RFC 9101), as FAPI 2.0 Message Signing section 5.3.1 narrows them. Pure."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from gateway.oauth import compact
from gateway.oauth.compact import Compact, CompactError
from gateway.oauth.errors import InvalidRequestObjectError, plain

TYPES = ("oauth-authz-req+jwt", "jwt")
LONGEST = 65_536
MOST_DEPTH = 32
LONGEST_LIFE = timedelta(minutes=60)
AHEAD = timedelta(seconds=60)
ABOUT_THE_JWT = frozenset({"iss", "aud", "exp", "nbf", "iat", "jti", "sub"})
"""Claims that are no parameters of the request (RFC 9101 section 4)."""


@dataclass(frozen=True, slots=True)
class RequestObject:
    """A request object while it is checked, and what it must fit."""

    given: Compact
    client_id: str
    issuer: str
    jwks: Mapping[str, Any]
    now: datetime

    def instant(self, name: str) -> float:
        """Return a claim in seconds since 1970. Raises `InvalidRequestObjectError`."""
        value = self.given.claims.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 2**40:
            raise InvalidRequestObjectError(f"{name} of the request object must be a number of seconds since 1970")
        return value


Check = Callable[[RequestObject], None]


def type_is_a_request_object(sent: RequestObject) -> None:
    """RFC 9101 section 10.8: another kind of JWT is no request; case does not count (RFC 7515 section 4.1.9)."""
    given = sent.given.header.get("typ", TYPES[0])
    if not isinstance(given, str) or given.lower().removeprefix("application/") not in TYPES:
        raise InvalidRequestObjectError("typ of the request object must be oauth-authz-req+jwt")


def signature_is_the_clients(sent: RequestObject) -> None:
    """RFC 9101 section 6.2; FAPI 2.0 section 5.4: never `none`, never RS256."""
    try:
        compact.verify_by_one_of(sent.given, sent.jwks)
    except CompactError as error:
        raise InvalidRequestObjectError(plain(f"the request object {error}")) from None


def issuer_is_the_client(sent: RequestObject) -> None:
    """RFC 9101 section 4: iss is the client's id."""
    if sent.given.claims.get("iss") != sent.client_id:
        raise InvalidRequestObjectError("iss of the request object must be the client id")


def client_id_is_the_client(sent: RequestObject) -> None:
    """RFC 9101 sections 4 and 5: client_id is in the object, and is the client's."""
    if sent.given.claims.get("client_id") != sent.client_id:
        raise InvalidRequestObjectError("client_id of the request object must be the client's")


def audience_is_this_server(sent: RequestObject) -> None:
    """FAPI 2.0 Message Signing section 5.3.1, 2: aud is the issuer, or an array that has it."""
    audience = sent.given.claims.get("aud")
    if sent.issuer not in (audience if isinstance(audience, list) else [audience]):
        raise InvalidRequestObjectError(plain(f"aud of the request object must be {sent.issuer}"))


def subject_is_not_the_client(sent: RequestObject) -> None:
    """RFC 9101 section 10.8: or it could pass for a client assertion."""
    if sent.given.claims.get("sub") == sent.client_id:
        raise InvalidRequestObjectError("sub of the request object must not be the client id")


def begins_within_the_last_hour(sent: RequestObject) -> None:
    """FAPI 2.0 Message Signing section 5.3.1, 3: nbf is there, and at most 60 minutes old."""
    begins, now = sent.instant("nbf"), sent.now.timestamp()
    if begins > now + AHEAD.total_seconds():
        raise InvalidRequestObjectError("nbf of the request object lies more than 60 seconds ahead")
    if begins < now - LONGEST_LIFE.total_seconds():
        raise InvalidRequestObjectError("nbf of the request object lies more than 60 minutes back")


def ends_within_an_hour(sent: RequestObject) -> None:
    """FAPI 2.0 Message Signing section 5.3.1, 4: exp is there, ahead, and at most 60 minutes after nbf."""
    ends = sent.instant("exp")
    if ends <= sent.now.timestamp():
        raise InvalidRequestObjectError("the request object has ended")
    if ends - sent.instant("nbf") > LONGEST_LIFE.total_seconds():
        raise InvalidRequestObjectError("exp of the request object lies more than 60 minutes after nbf")


def was_not_made_ahead_of_time(sent: RequestObject) -> None:
    """FAPI 2.0 section 5.3.2.1: iat, where it is, lies at most 60 s ahead."""
    if "iat" in sent.given.claims and sent.instant("iat") > (sent.now + AHEAD).timestamp():
        raise InvalidRequestObjectError("iat of the request object lies more than 60 seconds ahead")


def holds_no_other_request(sent: RequestObject) -> None:
    """RFC 9101 section 4: neither request nor request_uri."""
    if {"request", "request_uri"} & sent.given.claims.keys():
        raise InvalidRequestObjectError("a request object must not hold request or request_uri")


REQUEST_OBJECT: tuple[Check, ...] = (
    type_is_a_request_object,
    signature_is_the_clients,
    issuer_is_the_client,
    client_id_is_the_client,
    audience_is_this_server,
    subject_is_not_the_client,
    begins_within_the_last_hour,
    ends_within_an_hour,
    was_not_made_ahead_of_time,
    holds_no_other_request,
)
"""In this order; the first that fails is answered."""


def read(text: str) -> Compact:
    """Take a request object apart. Raises `InvalidRequestObjectError`, as for one that is encrypted."""
    try:
        return compact.read(text, longest=LONGEST, depth=MOST_DEPTH)
    except CompactError as error:
        raise InvalidRequestObjectError(plain(f"the request object {error}")) from None


def parameters(sent: RequestObject) -> dict[str, str]:
    """Run every check of `REQUEST_OBJECT`; return the parameters that the object holds, as a form would have them."""
    for each in REQUEST_OBJECT:
        each(sent)
    claims = {name: value for name, value in sent.given.claims.items() if name not in ABOUT_THE_JWT}
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in claims.items()}
