"""A pushed request that comes again under its `Idempotency-Key` asks for one consent, however often it is sent.

The header is that of draft-ietf-httpapi-idempotency-key-header-07. Proof and assertion are new each time. A key holds
for as long as its request does.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from sqlalchemy import func
from sqlmodel import Session, select

from gateway.oauth.asked import Asked
from gateway.oauth.checks import ABOUT_THE_CLIENT
from gateway.oauth.errors import InvalidRequestError, ReusedKeyError
from gateway.oauth.tables import PushedRequest
from ledger.codec import canonical, sha256

HEADER = "Idempotency-Key"
LONGEST = 255


@dataclass(frozen=True, slots=True)
class Key:
    """A client's key for a request, and what that says: SHA-256 of its parameters."""

    text: str
    fingerprint: bytes

    @classmethod
    def of(cls, headers: Mapping[str, str], asked: Asked) -> Self | None:
        """Return the key of a checked request, None if it has none. Raises `InvalidRequestError`."""
        given = headers.get(HEADER)
        if given is None:
            return None
        text = given.strip().removeprefix('"').removesuffix('"')
        if not 0 < len(text) <= LONGEST or not text.isascii() or not text.isprintable():
            raise InvalidRequestError(f"{HEADER} must be a string of 1 to {LONGEST} printable characters of ASCII")
        said = {name: value for name, value in asked.parameters.items() if name not in ABOUT_THE_CLIENT}
        return cls(text, sha256(canonical({"parameters": said, "jkt": asked.jkt})))


def find(session: Session, key: Key, *, client_id: str, now: datetime) -> PushedRequest | None:
    """Return the request that the client pushed under this key before, or None: then nobody else pushes one meanwhile.

    Raises `ReusedKeyError` if that said something else, or has ended.
    """
    session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"{client_id}\n{key.text}", 0))))
    found = session.exec(
        select(PushedRequest).where(PushedRequest.client_id == client_id, PushedRequest.idempotency_key == key.text)
    ).one_or_none()
    if found is not None and found.fingerprint != key.fingerprint:
        raise ReusedKeyError(f"{HEADER} was used for another request: use a new one, or send that request again")
    if found is not None and (now >= found.expires_at or found.completed_at is not None):
        raise ReusedKeyError(f"{HEADER} was used for a request that has ended: use a new one")
    return found
