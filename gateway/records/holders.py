"""The keys of holders: made when first needed, kept wrapped by the master key, never cached."""

from datetime import datetime

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from gateway.records import crypto
from gateway.records.tables import HolderKey


def holder(*, provider_id: str, owner_id: str | None) -> str:
    """Return who holds a record's data key: its owner, or its provider while it has none."""
    return f"owner/{owner_id}" if owner_id is not None else f"provider/{provider_id}"


def unwrap(master: bytes, holder: str, wrapped: bytes) -> bytes:
    """Return a holder's key. Raises `crypto.DecryptionError`."""
    return crypto.decrypt(master, wrapped, context=f"holder {holder}")


def holder_keys(session: Session, master: bytes, holders: set[str], *, now: datetime) -> dict[str, bytes]:
    """Return the keys of `holders` by holder; those that have none get one."""
    found = _stored(session, holders)
    if missing := sorted(holders - found.keys()):
        rows = [
            {
                "holder": name,
                "wrapped": crypto.encrypt(master, crypto.new_key(), context=f"holder {name}"),
                "created_at": now,
            }
            for name in missing
        ]
        session.execute(insert(HolderKey).values(rows).on_conflict_do_nothing())
        found |= _stored(session, set(missing))
    return {name: unwrap(master, name, wrapped) for name, wrapped in found.items()}


def _stored(session: Session, holders: set[str]) -> dict[str, bytes]:
    rows = session.exec(select(HolderKey.holder, HolderKey.wrapped).where(col(HolderKey.holder).in_(holders)))
    return dict(rows.all())
