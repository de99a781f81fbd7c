"""What a document needs of the ledger besides its entries: what proves their blocks and the keys that signed."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from sqlmodel import Session, col, select

from gateway.anchoring.entries import FINAL
from gateway.anchoring.proofs import handovers_below, newest_header
from gateway.anchoring.tables import AnchoredLeaf, Batch, BlockPart, KeyState, LedgerEntry
from gateway.errors import NotYetError
from ledger import evidence
from ledger.evidence import Anchor

TRIES = 3
"""The ledger may move on between two statements."""


@dataclass(frozen=True, slots=True)
class Proofs:
    """What `evidence.on_ledger` needs: `keys` are the height of the block below header A, and the proofs under it."""

    blocks: Mapping[int, evidence.BlockPart]
    keys: tuple[int, bytes]
    handovers: bytes


def newest(session: Session) -> int:
    """Return the height of header A, below which entries are final. Raises `NotYetError` before there is one."""
    height = newest_header(session)
    if height is None:
        raise NotYetError("nothing is final on the ledger yet: ask again")
    return height


def leaves(session: Session, subjects: Iterable[str], *, at: int) -> dict[str, tuple[str, Anchor, bytes]]:
    """Return those of some leaves (ids) that are final as of header `at`: entry's id, entry, place in its batch."""
    statement = (
        select(AnchoredLeaf, LedgerEntry)
        .join(Batch, col(Batch.id) == AnchoredLeaf.batch_id)
        .join(LedgerEntry, col(LedgerEntry.number) == Batch.entry_number)
        .where(col(AnchoredLeaf.subject).in_(list(subjects)), LedgerEntry.state == FINAL, col(LedgerEntry.height) < at)
    )
    return {
        leaf.subject: (entry.entry_id, anchor(entry), leaf.part.encode()) for leaf, entry in session.exec(statement)
    }


def entries_about(session: Session, subject: str, *, at: int) -> list[LedgerEntry]:
    """Return the entries about a subject that are final as of header `at`, in their order."""
    statement = select(LedgerEntry).where(
        LedgerEntry.subject == subject, LedgerEntry.state == FINAL, col(LedgerEntry.height) < at
    )
    return list(session.exec(statement.order_by(col(LedgerEntry.number))))


def anchor(entry: LedgerEntry) -> Anchor:
    """Return a final entry's part of a document."""
    assert entry.height is not None  # noqa: S101 - it is final
    assert entry.part is not None  # noqa: S101 - as above
    return Anchor(entry.height, entry.part.encode())


def proofs(session: Session, anchors: Collection[Anchor], keys: Collection[str]) -> Proofs:
    """Return what proves entries and keys under the newest header. Raises `NotYetError` if a key is not proved yet."""
    for _ in range(TRIES):
        rows = session.exec(select(KeyState).where(col(KeyState.key).in_(keys), col(KeyState.part).is_not(None))).all()
        if len(rows) < len(keys) or rows[0].height is None:
            break
        head = rows[0].height
        heights = {head - 1, *(each.height for each in anchors)}
        found = session.exec(select(BlockPart).where(col(BlockPart.height).in_(heights))).all()
        if len(found) == len(heights):
            parts = [each.part.encode() for each in sorted(rows, key=lambda row: row.key) if each.part is not None]
            return Proofs(
                blocks={
                    each.height: evidence.BlockPart(each.height, each.head.encode(), each.validators.encode())
                    for each in found
                },
                keys=(head - 1, evidence.listed(parts)),
                handovers=handovers_below(session, head),
            )
        session.expire_all()
    raise NotYetError("what proves it on the ledger is being made at this moment: ask again")
