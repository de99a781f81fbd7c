"""Gather leaves into batches: Merkle trees, each anchored by one entry that names the root before it."""

from datetime import datetime, timedelta

from sqlalchemy import delete, func, insert
from sqlmodel import Session, col, select

from gateway.anchoring.entries import Signer, make
from gateway.anchoring.tables import AnchoredLeaf, Batch
from gateway.journal.tables import Leaf
from gateway.settings import Settings
from ledger import merkle
from ledger.bodies import STREAMS
from ledger.codec import b64u
from ledger.evidence import leaf_part
from ledger.state.batches import NONE_BEFORE

LARGEST = 10_000
"""Leaves in one batch."""


def due(session: Session, settings: Settings, *, now: datetime) -> list[str]:
    """Return the streams whose leaves must be anchored: there are enough of them, or the oldest has waited enough."""
    waited = now - timedelta(seconds=settings.anchor_seconds)
    enough = (func.count() >= settings.anchor_leaves) | (func.min(Leaf.created_at) <= waited)
    return list(session.exec(select(Leaf.stream).group_by(Leaf.stream).having(enough).order_by(Leaf.stream)))


def wait_seconds(session: Session, settings: Settings, *, now: datetime) -> float | None:
    """Return how long until the oldest waiting leaf must be anchored; None if none waits."""
    oldest: datetime | None = session.exec(select(func.min(Leaf.created_at))).one()
    if oldest is None:
        return None
    return max(0.0, (oldest - now).total_seconds() + settings.anchor_seconds)


def gather(session: Session, signer: Signer, stream: str, *, now: datetime) -> Batch:
    """Put the waiting leaves of a stream, oldest first, into its next batch, with the entry that anchors it."""
    if stream not in STREAMS:
        raise ValueError(f"no stream {stream!r}; known: {', '.join(STREAMS)}")
    leaves = _take(session, stream)
    hashes = [leaf for leaf, _ in leaves]
    before = session.exec(select(Batch).where(Batch.stream == stream).order_by(col(Batch.sequence).desc())).first()
    sequence, root = (before.sequence if before else 0) + 1, merkle.root(hashes)
    body = {
        "stream": stream,
        "root": b64u(root),
        "size": len(leaves),
        "sequence": sequence,
        "previous": b64u(before.root) if before else NONE_BEFORE,
    }
    entry = make(session, signer, "batch.anchor", body, subject=stream, now=now)
    batch = Batch(
        stream=stream, sequence=sequence, root=root, size=len(leaves), entry_number=entry.number, created_at=now
    )
    session.add(batch)
    session.flush()
    rows = [
        {
            "subject": subject,
            "stream": stream,
            "batch_id": batch.id,
            "index": index,
            "leaf": leaf,
            "part": leaf_part(index=index, path=path).decode(),
        }
        for index, ((leaf, subject), path) in enumerate(zip(leaves, merkle.inclusion_paths(hashes), strict=True))
    ]
    session.execute(insert(AnchoredLeaf), rows)
    return batch


def _take(session: Session, stream: str) -> list[tuple[bytes, str]]:
    """Take the oldest leaves of a stream out of the journal: (leaf, subject), oldest first."""
    oldest = select(Leaf.id).where(Leaf.stream == stream).order_by(col(Leaf.id)).limit(LARGEST)
    taken = delete(Leaf).where(col(Leaf.id).in_(oldest)).returning(col(Leaf.id), col(Leaf.leaf), col(Leaf.subject))
    return [(leaf, subject) for _, leaf, subject in sorted(session.execute(taken).all())]
