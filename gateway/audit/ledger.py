"""The walk along the ledger, merged with what the database keeps of its entries and blocks."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from gateway.anchoring.tables import KeyState, LedgerEntry
from gateway.audit import reads
from gateway.audit.kinds import ENTRY_GONE, ENTRY_UNKNOWN, PROOF
from gateway.audit.rules import entries as rules
from gateway.audit.rules.entries import StoredEntry
from ledger import smt
from ledger.audit.chain import DAMAGE, Source, Step
from ledger.audit.findings import Finding
from ledger.backends.base import Block, StateProof
from ledger.codec import canonical, parse, unb64u
from ledger.entries import decode
from ledger.errors import CodecError, LedgerError
from ledger.evidence import keys_part

MOST_PROOF_BYTES = 65_536


class Kept:
    """What the database keeps of the ledger, in the order of the blocks, each row asked for once."""

    def __init__(self, session: Session, *, first: int, known: int, gateway_id: str) -> None:
        """Everything in blocks up to height `known` was stored in the database before it was submitted."""
        self._session, self._known, self._gateway_id = session, known, gateway_id
        self._entries = _ByHeight(reads.stream(session, reads.entries(first)))
        self._blocks = _ByHeight(reads.stream(session, reads.blocks(first)))

    def compare(self, step: Step) -> Iterator[Finding]:
        """Yield what the database says of a step's block that the ledger does not, and the other way round."""
        rows = [StoredEntry(*row) for row in self._entries.at(step.height)]
        parts = self._blocks.at(step.height)
        if step.block is None:
            return
        for row in rows:
            yield from rules.check_entry(row, step.block)
        for part in parts:
            yield from rules.check_block_part(part.height, part.head, part.validators, step.block)
        yield from self._unknown(step.block, {row.entry for row in rows})

    def rest(self) -> Iterator[Finding]:
        """Yield entries and proofs of blocks that the ledger does not have."""
        for row in self._entries.rest():
            stored = StoredEntry(*row)
            what = f"the database says it stands in block {stored.height}, which the ledger does not have"
            yield Finding(ENTRY_GONE, stored.where, what)
        for part in self._blocks.rest():
            yield Finding(
                PROOF, f"block {part.height}", "the database keeps a proof of it, the ledger does not have it"
            )

    def _unknown(self, block: Block, rows: set[bytes]) -> Iterator[Finding]:
        """Yield accepted entries that the database does not know; another organisation's are none of its business."""
        for data, code in zip(block.entries, block.codes, strict=False):
            if data in rows or code or block.header.height > self._known:
                continue
            try:
                entry = decode(data)
            except CodecError:
                continue
            if not rules.is_own(entry, self._gateway_id):
                continue
            wanted = select(col(LedgerEntry.number)).where(col(LedgerEntry.entry_id) == entry.id)
            if self._session.execute(wanted.where(col(LedgerEntry.entry) == data)).first() is None:
                what = f"it stands in block {block.header.height}, the database does not know it"
                yield Finding(ENTRY_UNKNOWN, f"ledger entry {entry.id} ({entry.type})", what)


class _ByHeight:
    """Rows sorted by height, taken height by height."""

    def __init__(self, rows: Iterator[Any]) -> None:
        self._rows, self._next = rows, next(rows, None)

    def at(self, height: int) -> list[Any]:
        found = []
        while self._next is not None and self._next.height <= height:
            found.append(self._next)
            self._next = next(self._rows, None)
        return found

    def rest(self) -> Iterator[Any]:
        while self._next is not None:
            yield self._next
            self._next = next(self._rows, None)


def rejected(session: Session) -> Iterator[Finding]:
    """Yield the entries that the ledger refused."""
    wanted = select(LedgerEntry).where(col(LedgerEntry.state) == "rejected").order_by(col(LedgerEntry.number))
    for row in session.execute(wanted).scalars():
        stored = StoredEntry(
            row.number,
            row.entry_id,
            row.type,
            row.subject,
            row.version,
            row.entry,
            row.state,
            row.height or 0,
            row.code,
            row.part,
        )
        yield from rules.check_rejected(stored, row.log)


def key_proofs(session: Session, source: Source) -> Iterator[Finding]:
    """Yield proofs of keys' states that do not lead to the app hash of the header that they are kept for."""
    roots: dict[int, bytes | None] = {}
    for row in session.execute(select(KeyState).order_by(KeyState.key)).scalars():
        if row.height is None or row.part is None:
            continue
        if row.height not in roots:
            roots[row.height] = _app_hash(source, row.height)
        root = roots[row.height]
        if root is None or not _proves(row.key, row.part, root):
            what = f"the proof kept of it does not lead to the state at height {row.height}"
            yield Finding(PROOF, row.key, what)


def _app_hash(source: Source, height: int) -> bytes | None:
    try:
        return source.block(height - 1).next.app_hash
    except DAMAGE:
        return None


def _proves(key: str, part: str, root: bytes) -> bool:
    try:
        given = parse(part.encode(), max_bytes=MOST_PROOF_BYTES)
        proof = smt.Proof(tuple(unb64u(each, size=32) for each in given["siblings"]))  # type: ignore[index,call-overload]
        value: Any = given["value"]  # type: ignore[index,call-overload]
        smt.verify_member(key=key, value=canonical(value), proof=proof, root=root)
    except (LedgerError, LookupError, TypeError):
        return False
    return keys_part([StateProof(key, value, proof)])[1:-1] == part.encode()
