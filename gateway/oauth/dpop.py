"""Proof of possession (DPoP, RFC 9449): proofs and server nonces. Pure."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from gateway.oauth import compact
from gateway.oauth.compact import ALGORITHMS, CompactError
from gateway.oauth.errors import InvalidProofError, UseNonceError, plain
from ledger.codec import b64u, sha256

PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "k"})
LIFETIME = timedelta(seconds=60)
AHEAD = timedelta(seconds=10)
NONCE_STEP = 60
NONCE_STEPS = 5
LONGEST_JTI = 256


@dataclass(frozen=True, slots=True)
class Proof:
    """A proof that holds: the key's thumbprint, the proof's own id, and until when that must be remembered."""

    jkt: str
    jti: str
    expires_at: datetime


def nonce(secret: bytes, now: datetime) -> str:
    """Return the server's nonce of this minute: an HMAC, so that every process knows it and none stores it."""
    return _nonce(secret, int(now.timestamp()) // NONCE_STEP)


def _nonce(secret: bytes, step: int) -> str:
    return b64u(hmac.new(secret, b"tidegate/dpop-nonce/1\0" + step.to_bytes(8, "big"), "sha256").digest()[:24])


def check_nonce(secret: bytes, given: object, now: datetime) -> None:
    """Raise `UseNonceError` unless `given` is the nonce of one of the last five minutes."""
    step = int(now.timestamp()) // NONCE_STEP
    text = given if isinstance(given, str) and given.isascii() else ""
    if not any(hmac.compare_digest(_nonce(secret, step - n), text) for n in range(NONCE_STEPS)):
        raise UseNonceError("the DPoP proof lacks the nonce of this server, or has an old one")


def verify(
    header: str | None, *, method: str, url: str, secret: bytes, now: datetime, token: str | None = None
) -> Proof:
    """Verify the proof in a `DPoP` header for this request (RFC 9449 section 4.3); `token` is the one it goes with.

    Raises `InvalidProofError`, `UseNonceError`. Whether it was used before is for the database to say.
    """
    if not header:
        raise InvalidProofError("the DPoP header is missing")
    try:
        given = compact.read(header)
        _check_header(given.header)
        key, jkt = compact.public_key(given.header["jwk"], given.header["alg"])
        compact.verify(given, key)
    except CompactError as error:
        raise InvalidProofError(plain(f"the DPoP proof {error}")) from None
    _check_claims(given.claims, method=method, url=url, now=now, token=token)
    check_nonce(secret, given.claims.get("nonce"), now)
    return Proof(jkt, given.claims["jti"], now + LIFETIME + AHEAD + timedelta(seconds=NONCE_STEP * NONCE_STEPS))


def _check_header(head: Mapping[str, Any]) -> None:
    if head.get("typ") != "dpop+jwt" or head.get("alg") not in ALGORITHMS or set(head) != {"typ", "alg", "jwk"}:
        raise InvalidProofError("the header of the DPoP proof must be exactly typ dpop+jwt, alg and jwk")
    jwk = head["jwk"]
    if not isinstance(jwk, dict) or PRIVATE & jwk.keys() or not all(isinstance(value, str) for value in jwk.values()):
        raise InvalidProofError("the jwk of the DPoP proof must be a public key")


def _check_claims(claims: Mapping[str, Any], *, method: str, url: str, now: datetime, token: str | None) -> None:
    jti, issued = claims.get("jti"), claims.get("iat")
    if not isinstance(jti, str) or not 0 < len(jti) <= LONGEST_JTI:
        raise InvalidProofError(f"the jti of the DPoP proof must be a string of 1 to {LONGEST_JTI} characters")
    if claims.get("htm") != method:
        raise InvalidProofError(f"the DPoP proof is for another method, expected htm {method}")
    if _bare(claims.get("htu")) != _bare(url):
        raise InvalidProofError(plain(f"the DPoP proof is for another URL, expected htu {url}"))
    if not isinstance(issued, int) or isinstance(issued, bool):
        raise InvalidProofError("the iat of the DPoP proof must be a number")
    if not (now - LIFETIME).timestamp() <= issued <= (now + AHEAD).timestamp():
        raise InvalidProofError("the iat of the DPoP proof is not of this minute")
    if token is not None and not hmac.compare_digest(str(claims.get("ath")).encode(), ath(token).encode()):
        raise InvalidProofError("the ath of the DPoP proof is not of this access token")


def _bare(url: object) -> tuple[str, str, int | None, str] | None:
    """Return scheme, host, port and path: query and fragment do not count, nor do default ports or case of the host."""
    if not isinstance(url, str):
        return None
    try:
        parts = urlsplit(url)
        port = parts.port or {"https": 443, "http": 80}.get(parts.scheme)
    except ValueError:
        return None
    return parts.scheme, (parts.hostname or "").lower(), port, parts.path or "/"


def ath(token: str) -> str:
    """Return the hash of an access token: base64url of SHA-256 of its ASCII form (RFC 9449 section 4.2)."""
    return b64u(sha256(token.encode("ascii", "replace")))
