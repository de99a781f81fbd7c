"""Build and sign ledger entries: stored before they are submitted, so that a crash submits the very same again."""

import logging
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import structlog
from sqlmodel import Session, col, select

from gateway import figures
from gateway.anchoring import own
from gateway.anchoring.tables import LedgerEntry
from gateway.db import once_committed
from gateway.journal.tables import QueuedEntry
from gateway.keys import Keyring, SigningKey
from gateway.settings import Settings
from ledger import entries

VALID_BLOCKS = 1000
"""An entry may stand in one of the next so many blocks; after that it is made again."""
MOST_AT_ONCE = 500
WAITING, SUBMITTED, FINAL, REJECTED = "waiting", "submitted", "final", "rejected"
GOVERNANCE = "governance"
"""The lane of entries about organisations and validators: all others wait for them."""
MADE, MADE_AGAIN = "made", "made_again"
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Signer:
    """What it takes to make an entry: chain, organisation and its keys, and the ledger's present height."""

    settings: Settings
    keyring: Keyring
    height: int

    @property
    def not_after_height(self) -> int:
        """Up to which height an entry made now is valid."""
        return self.height + VALID_BLOCKS

    def sign(self, key: SigningKey, entry_type: str, body: Mapping[str, Any]) -> tuple[str, bytes]:
        """Return the new entry's id and canonical bytes. Raises `CodecError` if the body is not one of its type."""
        unsigned = entries.build(
            chain=self.settings.chain,
            entry_id=secrets.token_bytes(entries.ID_BYTES),
            type=entry_type,
            body=body,
            not_after_height=self.not_after_height,
        )
        return unsigned["id"], entries.sign(unsigned, (self.settings.gateway_id, key.kid, key.private))


def make(
    session: Session,
    signer: Signer,
    entry_type: str,
    body: Mapping[str, Any],
    *,
    subject: str,
    now: datetime,
    request_id: str | None = None,
) -> LedgerEntry:
    """Store a new signed entry, waiting to be submitted; `request_id` is that of the request that it came of."""
    key = own.in_use(session, signer.keyring, signer.settings.gateway_id, "organisation")
    entry_id, data = signer.sign(key, entry_type, body)
    entry = LedgerEntry(
        entry_id=entry_id,
        type=entry_type,
        subject=subject,
        version=body.get("version"),
        lane=lane(entry_type, subject),
        entry=data,
        not_after_height=signer.not_after_height,
        state=WAITING,
        request_id=request_id,
        created_at=now,
    )
    session.add(entry)
    session.flush()
    tell(session, entry, MADE)
    return entry


def tell(session: Session, entry: LedgerEntry, outcome: str) -> None:
    """Count what became of an entry and log it, once that is committed: problems as such."""
    level = logging.ERROR if outcome == REJECTED else logging.WARNING if outcome == MADE_AGAIN else logging.INFO
    told = partial(
        _log.log,
        level,
        "a ledger entry",
        outcome=outcome,
        entry=entry.entry_id,
        type=entry.type,
        subject=entry.subject,
        height=entry.height,
        why=entry.log,
        request_id=entry.request_id,
    )
    once_committed(session, figures.entries.labels(entry.type, outcome).inc)
    once_committed(session, told)


def make_again(session: Session, signer: Signer, entry: LedgerEntry, key: SigningKey) -> None:
    """Give an entry a new id, signature and chance, in its old place: its time or its key ended before it was taken."""
    body = entries.decode(entry.entry).body
    entry.entry_id, entry.entry = signer.sign(key, entry.type, body)
    entry.not_after_height, entry.state = signer.not_after_height, WAITING
    session.add(entry)
    tell(session, entry, MADE_AGAIN)


def take_queued(session: Session, signer: Signer, *, now: datetime) -> int:
    """Make the entries that the journal has queued, oldest first; return how many."""
    queued = session.exec(select(QueuedEntry).order_by(col(QueuedEntry.id)).limit(MOST_AT_ONCE)).all()
    for each in queued:
        make(session, signer, each.type, each.body, subject=each.subject, now=now, request_id=each.request_id)
        session.delete(each)
    return len(queued)


def lane(entry_type: str, subject: str) -> str:
    """Return the lane of an entry: within one, each is final before the next is submitted."""
    about = entry_type.partition(".")[0]
    return GOVERNANCE if about in {"org", "rules", "validator"} else f"{about}/{subject}"
