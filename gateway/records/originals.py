"""What providers sent, byte for byte, encrypted; found again by a keyed digest; quarantined if it made no records."""

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from gateway.records import crypto
from gateway.records.holders import holder, holder_keys
from gateway.records.tables import Original, Quarantine
from ledger.codec import b64u, canonical

ID_BYTES = 16


@dataclass(frozen=True, slots=True)
class Sent:
    """A message as a provider sent it through a connector."""

    provider_id: str
    connector: str
    body: bytes
    received_at: datetime


def new_id() -> str:
    """Return a random id: 16 bytes, base64url."""
    return b64u(secrets.token_bytes(ID_BYTES))


def find(session: Session, master: bytes, sent: Sent) -> Original | None:
    """Return the original with exactly these bytes from this provider through this connector, or None."""
    statement = select(Original).where(
        Original.provider_id == sent.provider_id,
        Original.connector == sent.connector,
        Original.digest == crypto.keyed_digest(master, sent.body),
    )
    return session.exec(statement).one_or_none()


def keep(
    session: Session, master: bytes, sent: Sent, record_ids: Sequence[str], *, found: Original | None = None
) -> str:
    """Store an original with the ids of the records it stands for, and return its id.

    `found` is the same original stored before, if it was; from quarantine it is released.
    """
    if found is None:
        return _store(session, master, sent, record_ids)
    session.execute(delete(Quarantine).where(col(Quarantine.original_id) == found.id))
    found.record_ids = list(record_ids)
    session.add(found)
    session.flush()
    return found.id


def quarantine(
    session: Session, master: bytes, sent: Sent, faults: Sequence[dict[str, Any]], *, found: Original | None = None
) -> str:
    """Store an original that made no records, with its faults; return its id. The same again replaces the faults."""
    original_id = found.id if found is not None else _store(session, master, sent, ())
    key = _provider_key(session, master, sent.provider_id, now=sent.received_at)
    envelope = crypto.seal(key, canonical(list(faults)), context=f"faults {original_id}")
    row = {"wrapped_key": envelope.wrapped_key, "faults": envelope.ciphertext, "received_at": sent.received_at}
    session.execute(
        insert(Quarantine)
        .values(original_id=original_id, **row)
        .on_conflict_do_update(index_elements=["original_id"], set_=row)
    )
    return original_id


def body(session: Session, master: bytes, original: Original) -> bytes | None:
    """Return what was sent, or None if it is erased. Raises `crypto.DecryptionError`."""
    if original.wrapped_key is None or original.body is None:
        return None
    key = _provider_key(session, master, original.provider_id, now=original.received_at)
    envelope = crypto.Envelope(original.wrapped_key, original.body)
    return crypto.unseal(key, envelope, context=f"original {original.id}")


def faults(session: Session, master: bytes, quarantined: Quarantine) -> list[dict[str, Any]]:
    """Return why an original was quarantined. Raises `crypto.DecryptionError`."""
    provider_id = session.get_one(Original, quarantined.original_id).provider_id
    key = _provider_key(session, master, provider_id, now=quarantined.received_at)
    envelope = crypto.Envelope(quarantined.wrapped_key, quarantined.faults)
    found: list[dict[str, Any]] = json.loads(crypto.unseal(key, envelope, context=f"faults {quarantined.original_id}"))
    return found


def _store(session: Session, master: bytes, sent: Sent, record_ids: Sequence[str]) -> str:
    original_id = new_id()
    envelope = crypto.seal(
        _provider_key(session, master, sent.provider_id, now=sent.received_at),
        sent.body,
        context=f"original {original_id}",
    )
    session.add(
        Original(
            id=original_id,
            provider_id=sent.provider_id,
            connector=sent.connector,
            digest=crypto.keyed_digest(master, sent.body),
            record_ids=list(record_ids),
            wrapped_key=envelope.wrapped_key,
            body=envelope.ciphertext,
            received_at=sent.received_at,
        )
    )
    session.flush()
    return original_id


def _provider_key(session: Session, master: bytes, provider_id: str, *, now: datetime) -> bytes:
    name = holder(provider_id=provider_id, owner_id=None)
    return holder_keys(session, master, {name}, now=now)[name]
