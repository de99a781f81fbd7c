"""What a browser holds: secrets, kept here only as SHA-256. Challenges are taken once, sessions end when idle."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import delete
from sqlmodel import Session, col, select

from gateway.directory.tables import Challenge, Person, PortalSession
from gateway.errors import UnauthenticatedError
from ledger.codec import b64u, sha256

TOKEN_BYTES = 32
PATIENCE = timedelta(minutes=5)
IDLE = timedelta(minutes=30)
LONGEST = timedelta(hours=12)
STEP = timedelta(minutes=1)
"""A session's end is moved on at most this often, so that reading a page is seldom a write."""
SWEEP = 100
"""So many rows that are over are deleted when one is added."""


class Purpose(StrEnum):
    """What a challenge is for."""

    ENROL = "enrol"
    SIGN_IN = "sign_in"


@dataclass(frozen=True, slots=True)
class Ceremony:
    """A question to a passkey: `options` for the browser's API, `token` for a cookie that binds the answer to it."""

    options: dict[str, Any]
    token: str


def new_token() -> str:
    """Return a secret: 32 random bytes, base64url."""
    return b64u(secrets.token_bytes(TOKEN_BYTES))


def token_hash(token: str) -> bytes:
    """Return what is stored of a secret."""
    return sha256(token.encode("utf-8", "surrogatepass"))


def open_challenge(session: Session, purpose: Purpose, *, subject: str = "", now: datetime) -> tuple[str, bytes]:
    """Store a challenge for five minutes; return the token that takes it, and its 32 bytes."""
    _forget(session, Challenge, now=now)
    token, challenge = new_token(), secrets.token_bytes(TOKEN_BYTES)
    session.add(
        Challenge(
            token_hash=token_hash(token),
            purpose=purpose,
            subject=subject,
            challenge=challenge,
            expires_at=now + PATIENCE,
        )
    )
    session.flush()
    return token, challenge


def take_challenge(session: Session, purpose: Purpose, token: str, *, now: datetime) -> tuple[bytes, str]:
    """Take a challenge, once: return its bytes and subject. Raises `UnauthenticatedError` if it is gone."""
    statement = (
        delete(Challenge)
        .where(
            col(Challenge.token_hash) == token_hash(token),
            col(Challenge.purpose) == purpose,
            col(Challenge.expires_at) > now,
        )
        .returning(col(Challenge.challenge), col(Challenge.subject))
    )
    taken = session.execute(statement).one_or_none()
    if taken is None:
        raise UnauthenticatedError("this took longer than five minutes, or was answered before: start again")
    return taken.challenge, taken.subject


def start(session: Session, person: Person, *, now: datetime) -> str:
    """Sign a person in: return the token for the browser's cookie."""
    _forget(session, PortalSession, now=now)
    token = new_token()
    row = PortalSession(token_hash=token_hash(token), person_id=person.id, started_at=now, expires_at=now + IDLE)
    session.add(row)
    session.flush()
    return token


def find(session: Session, token: str, *, now: datetime) -> Person | None:
    """Return who is signed in with `token`, or None. Half an hour without use ends it, and twelve hours anyway."""
    row = session.get(PortalSession, token_hash(token))
    if row is None or now >= row.expires_at:
        return None
    ends = min(now + IDLE, row.started_at + LONGEST)
    if ends - row.expires_at >= STEP:
        row.expires_at = ends
        session.add(row)
    return session.get(Person, row.person_id)


def end(session: Session, token: str) -> None:
    """Sign out. Does nothing if nobody is signed in with `token`."""
    session.execute(delete(PortalSession).where(col(PortalSession.token_hash) == token_hash(token)))


def _forget(session: Session, table: type[Challenge | PortalSession], *, now: datetime) -> None:
    """Delete what is over; rows that another transaction is deleting are left to it."""
    over = select(table.token_hash).where(col(table.expires_at) <= now).limit(SWEEP).with_for_update(skip_locked=True)
    session.execute(delete(table).where(col(table.token_hash).in_(over)))
