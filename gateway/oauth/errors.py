"""OAuth's errors, in OAuth's own form (RFC 6749 section 5.2). Authlib's classes, and those that it lacks."""

import string

from authlib.oauth2.rfc6749.errors import (
    AccessDeniedError,
    InvalidClientError,
    InvalidGrantError,
    InvalidRequestError,
    InvalidScopeError,
    OAuth2Error,
    UnauthorizedClientError,
    UnsupportedGrantTypeError,
    UnsupportedResponseTypeError,
)

__all__ = [
    "AccessDeniedError",
    "InvalidClientError",
    "InvalidDetailsError",
    "InvalidGrantError",
    "InvalidGrantIdError",
    "InvalidProofError",
    "InvalidRequestError",
    "InvalidRequestObjectError",
    "InvalidScopeError",
    "InvalidTargetError",
    "OAuth2Error",
    "ReusedKeyError",
    "UnauthorizedClientError",
    "UnsupportedGrantTypeError",
    "UnsupportedResponseTypeError",
    "UseNonceError",
    "plain",
]

ALLOWED = frozenset(string.printable) - frozenset('"\\\t\n\r\v\f')
LONGEST = 500


class InvalidDetailsError(OAuth2Error):
    """The authorization details are not what their type says (RFC 9396 section 5)."""

    error = "invalid_authorization_details"


class InvalidGrantIdError(OAuth2Error):
    """The grant does not exist, has ended, or is another client's (Grant Management for OAuth 2.0, section 5.2)."""

    error = "invalid_grant_id"


class InvalidRequestObjectError(OAuth2Error):
    """The request object is not signed by the client, or does not say what it must (RFC 9101 section 6)."""

    error = "invalid_request_object"


class InvalidTargetError(OAuth2Error):
    """The resource is none that tokens are given for (RFC 8707 section 2)."""

    error = "invalid_target"


class InvalidProofError(OAuth2Error):
    """The DPoP proof is missing, malformed, for another request, or was used before (RFC 9449 section 5)."""

    error = "invalid_dpop_proof"


class UseNonceError(OAuth2Error):
    """The proof lacks the server's nonce, or has an old one; the answer carries a fresh one (RFC 9449 section 8)."""

    error = "use_dpop_nonce"


class ReusedKeyError(InvalidRequestError):
    """The `Idempotency-Key` was used for another request (draft-ietf-httpapi-idempotency-key-header-07 section 2.7)."""

    status_code = 422


def plain(text: str) -> str:
    """Return `text` with the characters alone that an `error_description` may have (RFC 6749 section 5.2)."""
    return "".join(letter if letter in ALLOWED else "'" if letter == '"' else "?" for letter in text)[:LONGEST]
