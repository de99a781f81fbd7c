"""Bring entries to the ledger, and keep what became of them with its proof."""

from collections.abc import Iterable, Mapping

from sqlalchemy import ColumnElement, func, or_
from sqlmodel import Session, col, select

from gateway import journal
from gateway.anchoring import own, proofs
from gateway.anchoring.entries import (
    FINAL,
    GOVERNANCE,
    MOST_AT_ONCE,
    REJECTED,
    SUBMITTED,
    WAITING,
    Signer,
    make_again,
    tell,
)
from gateway.anchoring.renewal import Renewal
from gateway.anchoring.tables import LedgerEntry
from gateway.keys import SigningKey
from ledger.backends.base import Backend, Block, Outcome
from ledger.entries import decode
from ledger.errors import Rejected
from ledger.evidence import anchor_part
from ledger.state import Code

UNFINISHED = (WAITING, SUBMITTED)
UNDECIDED = (Code.TOO_LATE, Code.REPEATED)
"""Refusals that say nothing yet: the entry may stand in a block that is not final."""


def first_in_lanes(session: Session) -> list[LedgerEntry]:
    """Return the first unfinished entry of each lane, oldest first.

    One that changes who may sign waits until all before it are final, and all behind it wait for it: keys are judged
    at the height where they signed. No consent stands behind a credential: it may be the one that the owner signed
    with, which must be valid where the consent begins.
    """
    on_its_way = col(LedgerEntry.state).in_(UNFINISHED)
    first = select(func.min(LedgerEntry.number)).where(on_its_way).group_by(col(LedgerEntry.lane))
    governance = _oldest(session, col(LedgerEntry.lane) == GOVERNANCE)
    if governance is not None:
        first = first.where(col(LedgerEntry.number) <= governance)
    credential = _oldest(session, col(LedgerEntry.lane).startswith("owner/"))
    if credential is not None:
        first = first.where(or_(col(LedgerEntry.number) < credential, ~col(LedgerEntry.lane).startswith("consent/")))
    statement = select(LedgerEntry).where(col(LedgerEntry.number).in_(first)).order_by(col(LedgerEntry.number))
    found = list(session.exec(statement.limit(MOST_AT_ONCE)))
    return [each for each in found if each.number != governance or len(found) == 1]


def _oldest(session: Session, condition: ColumnElement[bool]) -> int | None:
    on_its_way = col(LedgerEntry.state).in_(UNFINISHED)
    return session.exec(select(func.min(LedgerEntry.number)).where(on_its_way, condition)).one()


def unfinished(session: Session, entry_ids: Iterable[str]) -> list[LedgerEntry]:
    """Return those of the entries that are still on their way under these ids, oldest first."""
    statement = select(LedgerEntry).where(
        col(LedgerEntry.entry_id).in_(list(entry_ids)), col(LedgerEntry.state).in_(UNFINISHED)
    )
    return list(session.exec(statement.order_by(col(LedgerEntry.number))))


def submit(backend: Backend, entries: Mapping[str, bytes]) -> dict[str, Rejected]:
    """Submit entries, canonical bytes by id; return those that the ledger would not take.

    What was submitted before, whether or not a crash forgot it, may be submitted again.
    """
    refused = {}
    for entry_id, entry in entries.items():
        try:
            backend.submit(entry)
        except Rejected as error:
            refused[entry_id] = error
    return refused


def settle(
    session: Session, backend: Backend, entry: LedgerEntry, refused: Rejected | None, signer: Signer, renewal: Renewal
) -> bool:
    """Record what is known of a submitted entry; return whether anything is new.

    `signer.height` was read before the outcome is asked for: an entry without one, when every block that it may stand
    in is final, can never be included any more, and is made again if it was made here.
    """
    outcome = backend.outcome(entry.entry_id)
    if outcome is not None:
        _accepted(session, backend, entry, outcome, signer, renewal)
    elif _past(backend, entry, refused, signer):
        _too_late(session, backend, entry, signer)
    elif refused is not None and refused.code not in UNDECIDED:
        _refused(session, backend, entry, refused, signer)
    elif refused is None and entry.state == WAITING:
        entry.state = SUBMITTED
    else:
        return False
    session.add(entry)
    return True


def _accepted(
    session: Session, backend: Backend, entry: LedgerEntry, outcome: Outcome, signer: Signer, renewal: Renewal
) -> None:
    if outcome.code:
        why = f"the entry stands in block {outcome.height} and was not accepted"
        _refused(session, backend, entry, Rejected(outcome.code, why), signer)
        return
    finish(session, entry, backend.block(outcome.height), outcome.index)
    if entry.type == "batch.anchor":
        session.flush()
        renewal.after_anchoring(session, entry)
        if entry.subject == "records":
            journal.tell(session, type=journal.RECORDS_FINAL, subject=str(entry.number), body={}, now=entry.created_at)


def finish(session: Session, entry: LedgerEntry, block: Block, index: int) -> None:
    """Store that an entry was accepted at this place of a block, with what proves it."""
    entry.height = block.header.height
    entry.part = anchor_part(block, index).rest.decode()
    proofs.keep_block(session, block)
    entry.state, entry.code = FINAL, 0
    session.add(entry)
    tell(session, entry, FINAL)
    proofs.watch(session, proofs.keys_in(entry))


def _past(backend: Backend, entry: LedgerEntry, refused: Rejected | None, signer: Signer) -> bool:
    """Say whether no block can take an entry any more.

    An embedded ledger says at once what became of an entry, and makes no block by itself that one could wait for.
    """
    too_late = refused is not None and refused.code == Code.TOO_LATE
    return signer.height > entry.not_after_height or (too_late and backend.engine == "embedded")


def _too_late(session: Session, backend: Backend, entry: LedgerEntry, signer: Signer) -> None:
    if entry.signed_elsewhere:
        why = f"entry was valid up to height {entry.not_after_height}, this is {signer.height}: propose it again"
        _reject(session, entry, Code.TOO_LATE, why)
        return
    make_again(session, signer, entry, _key(backend, signer))


def _refused(session: Session, backend: Backend, entry: LedgerEntry, refused: Rejected, signer: Signer) -> None:
    """Reject an entry, or make it again if all that is wrong is that its key has been rotated away meanwhile."""
    if refused.code == Code.WRONG_SIGNER and not entry.signed_elsewhere:
        key = _key(backend, signer)
        if key.kid not in {each.kid for each in decode(entry.entry).signatures}:
            make_again(session, signer, entry, key)
            return
    _reject(session, entry, refused.code, refused.message)


def _key(backend: Backend, signer: Signer) -> SigningKey:
    return own.on_ledger(backend, signer.keyring, signer.settings.gateway_id, "organisation")


def _reject(session: Session, entry: LedgerEntry, code: int, reason: str) -> None:
    entry.state, entry.code, entry.log = REJECTED, code, f"{Code(code).name}: {reason}"
    tell(session, entry, REJECTED)


def in_flight(session: Session) -> bool:
    """Say whether any entry is not finished."""
    return (
        session.exec(select(LedgerEntry.number).where(col(LedgerEntry.state).in_(UNFINISHED)).limit(1)).first()
        is not None
    )
