"""Governance as the gateway sees it: who governs the ledger, and entries that were signed elsewhere."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func
from sqlmodel import Session, select

from gateway import journal
from gateway.anchoring import own
from gateway.anchoring.entries import GOVERNANCE, WAITING
from gateway.anchoring.tables import KeyState, LedgerEntry
from ledger import entries
from ledger.proposals import Governance

PARAMETERS, GOVERNORS = "parameters", "governors"
WATCHED = (PARAMETERS, GOVERNORS, "validators")
"""What is proved at every height besides keys."""


@dataclass(frozen=True, slots=True)
class Present:
    """The ledger as of the newest header under which the worker proved anything."""

    chain: str
    height: int
    governance: Governance


def present(session: Session) -> Present | None:
    """Return who governs; None until the worker has proved it."""
    found = own.values(session, (PARAMETERS, GOVERNORS))
    height = session.exec(select(func.max(KeyState.height))).one()
    if height is None or len(found) < len((PARAMETERS, GOVERNORS)):
        return None
    parameters, governors = found[PARAMETERS], found[GOVERNORS]
    known = Governance(tuple(governors["orgs"]), parameters["governance"])
    return Present(parameters["chain"], height, known)


def hand_in(session: Session, data: bytes, *, now: datetime) -> LedgerEntry:
    """Store a signed entry for the worker to submit; one that was handed in before is returned as it stands.

    Raises `CodecError` if it is no entry.
    """
    entry = entries.decode(data)
    known = session.exec(select(LedgerEntry).where(LedgerEntry.entry_id == entry.id)).one_or_none()
    if known is not None:
        return known
    stored = LedgerEntry(
        entry_id=entry.id,
        type=entry.type,
        subject=_subject(entry.body),
        lane=GOVERNANCE,
        entry=data,
        not_after_height=entry.not_after_height,
        state=WAITING,
        signed_elsewhere=True,
        created_at=now,
    )
    session.add(stored)
    session.flush()
    journal.wake(session, journal.ENTRIES)
    return stored


def _subject(body: Mapping[str, object]) -> str:
    return str(next((body[name] for name in ("org", "public_key", "version") if name in body), ""))
