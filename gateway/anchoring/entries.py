"""Build and sign ledger entries: stored before they are submitted, so that a crash submits the very same again."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from gateway.anchoring.tables import LedgerEntry
from gateway.journal.tables import QueuedEntry
from gateway.keys import Keyring
from gateway.settings import Settings
from ledger import entries

VALID_BLOCKS = 1000
"""An entry may stand in one of the next so many blocks; after that it is made again."""
MOST_AT_ONCE = 500
WAITING, SUBMITTED, FINAL, REJECTED = "waiting", "submitted", "final", "rejected"
GOVERNANCE = "governance"
"""The lane of entries about organisations and validators: all others wait for them."""


@dataclass(frozen=True, slots=True)
class Signer:
    """What it takes to make an entry: chain, organisation and its key, and the ledger's present height."""

    settings: Settings
    keyring: Keyring
    height: int

    @property
    def not_after_height(self) -> int:
        """Up to which height an entry made now is valid."""
        return self.height + VALID_BLOCKS

    def sign(self, entry_type: str, body: Mapping[str, Any]) -> tuple[str, bytes]:
        """Return the new entry's id and canonical bytes. Raises `CodecError` if the body is not one of its type."""
        unsigned = entries.build(
            chain=self.settings.chain,
            entry_id=secrets.token_bytes(entries.ID_BYTES),
            type=entry_type,
            body=body,
            not_after_height=self.not_after_height,
        )
        key = self.keyring.organisation
        return unsigned["id"], entries.sign(unsigned, (self.settings.gateway_id, key.kid, key.private))


def make(
    session: Session, signer: Signer, entry_type: str, body: Mapping[str, Any], *, subject: str, now: datetime
) -> LedgerEntry:
    """Store a new signed entry, waiting to be submitted."""
    entry_id, data = signer.sign(entry_type, body)
    entry = LedgerEntry(
        entry_id=entry_id,
        type=entry_type,
        subject=subject,
        version=body.get("version"),
        lane=lane(entry_type, subject),
        entry=data,
        not_after_height=signer.not_after_height,
        state=WAITING,
        created_at=now,
    )
    session.add(entry)
    session.flush()
    return entry


def make_again(session: Session, signer: Signer, entry: LedgerEntry) -> None:
    """Give an entry that came too late for every block a new id and another chance, in its old place."""
    body = entries.decode(entry.entry).body
    entry.entry_id, entry.entry = signer.sign(entry.type, body)
    entry.not_after_height, entry.state = signer.not_after_height, WAITING
    session.add(entry)


def take_queued(session: Session, signer: Signer, *, now: datetime) -> int:
    """Make the entries that the journal has queued, oldest first; return how many."""
    queued = session.exec(select(QueuedEntry).order_by(col(QueuedEntry.id)).limit(MOST_AT_ONCE)).all()
    for each in queued:
        make(session, signer, each.type, each.body, subject=each.subject, now=now)
        session.delete(each)
    return len(queued)


def lane(entry_type: str, subject: str) -> str:
    """Return the lane of an entry: within one, each is final before the next is submitted."""
    about = entry_type.partition(".")[0]
    return GOVERNANCE if about in {"org", "validator"} else f"{about}/{subject}"
