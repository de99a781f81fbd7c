"""Batches and their leaves, against the entries that anchor them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gateway.audit.kinds import BATCH, LEAVES_GONE
from ledger import merkle
from ledger.audit.findings import Finding
from ledger.codec import b64u
from ledger.entries import decode
from ledger.errors import CodecError
from ledger.evidence import leaf_part
from ledger.state.batches import NONE_BEFORE


@dataclass(frozen=True, slots=True)
class StoredBatch:
    """A batch, and the entry that anchors it as the database has it."""

    id: int
    stream: str
    sequence: int
    root: bytes
    size: int
    entry: bytes

    @property
    def where(self) -> str:
        """How it is named."""
        return f"batch {self.sequence} of {self.stream}"


@dataclass(frozen=True, slots=True)
class StoredLeaf:
    """A leaf that a batch took."""

    index: int
    leaf: bytes
    part: str


def check(batch: StoredBatch, before: StoredBatch | None, leaves: Sequence[StoredLeaf]) -> Iterator[Finding]:
    """Yield what is wrong with a batch: its place in the sequence, its entry, its leaves."""
    expected = before.sequence + 1 if before else 1
    if batch.sequence != expected:
        yield Finding(BATCH, batch.where, f"it comes where batch {expected} is expected: batches are missing")
    yield from _entry(batch, before)
    yield from _leaves(batch, leaves)


def _entry(batch: StoredBatch, before: StoredBatch | None) -> Iterator[Finding]:
    try:
        entry = decode(batch.entry)
    except CodecError as error:
        yield Finding(BATCH, batch.where, f"its entry cannot be read: {error}")
        return
    if entry.type != "batch.anchor":
        yield Finding(BATCH, batch.where, f"its entry {entry.id} is of type {entry.type}")
        return
    row = {
        "stream": batch.stream,
        "root": b64u(batch.root),
        "size": batch.size,
        "sequence": batch.sequence,
        "previous": b64u(before.root) if before else NONE_BEFORE,
    }
    for name, got in row.items():
        if got != entry.body[name]:
            yield Finding(BATCH, batch.where, f"{name} is {got}, its entry {entry.id} says {entry.body[name]}")


def _leaves(batch: StoredBatch, leaves: Sequence[StoredLeaf]) -> Iterator[Finding]:
    if not leaves:
        yield Finding(LEAVES_GONE, batch.where, f"its {batch.size} leaves are gone")
        return
    indexes = [each.index for each in leaves]
    if indexes != list(range(batch.size)):
        missing = sorted(set(range(batch.size)) - set(indexes))
        told = f"; index {missing[0]} is the first that is missing" if missing else ""
        yield Finding(LEAVES_GONE, batch.where, f"it has {len(leaves)} leaves, expected {batch.size}{told}")
        return
    hashes = [each.leaf for each in leaves]
    root = merkle.root(hashes)
    if root != batch.root:
        yield Finding(BATCH, batch.where, f"its leaves make root {b64u(root)}, expected {b64u(batch.root)}")
        return
    for leaf, path in zip(leaves, merkle.inclusion_paths(hashes), strict=True):
        if leaf.part.encode() != leaf_part(index=leaf.index, path=path):
            yield Finding(BATCH, batch.where, f"the path kept of leaf {leaf.index} does not lead to its root")
