"""Subscriptions to a standard's callbacks: a random id in the path, and a secret that the callbacks are signed with."""

import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from gateway.directory.participants import participant
from gateway.errors import NotFoundError
from gateway.ingest.tables import CallbackSubscription
from gateway.records import crypto
from ledger.codec import b64u

ID_BYTES = 16
SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class Subscription:
    """Whose callbacks arrive under an id, mapped by which connector, signed with which secret."""

    id: str
    connector: str
    provider_id: str
    secret: bytes


def subscribe(
    session: Session,
    master: bytes,
    *,
    connector: str,
    provider_id: str,
    now: datetime,
    secret: bytes | None = None,
) -> Subscription:
    """Store a subscription to a provider's callbacks; without `secret` it gets a new one of 32 bytes.

    The secret is for the provider and is shown this once. Raises `NotFoundError` if no such provider is registered.
    """
    participant(session, provider_id, role="provider")
    made = Subscription(
        b64u(secrets.token_bytes(ID_BYTES)), connector, provider_id, secret or secrets.token_bytes(SECRET_BYTES)
    )
    session.add(
        CallbackSubscription(
            id=made.id,
            connector=connector,
            provider_id=provider_id,
            secret=crypto.encrypt(master, made.secret, context=_context(made.id)),
            created_at=now,
        )
    )
    session.flush()
    return made


def subscription(session: Session, master: bytes, *, connector: str, subscription_id: str) -> Subscription:
    """Return a subscription. Raises `NotFoundError`, the same whether the id or the connector is unknown."""
    found = session.get(CallbackSubscription, subscription_id)
    if found is None or found.connector != connector:
        raise NotFoundError("nothing is subscribed here")
    secret = crypto.decrypt(master, found.secret, context=_context(found.id))
    return Subscription(found.id, found.connector, found.provider_id, secret)


def _context(subscription_id: str) -> str:
    return f"secret {subscription_id}"
