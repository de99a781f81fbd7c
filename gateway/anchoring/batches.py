"""Gather leaves into batches: Merkle trees, each anchored by one entry that names the root before it."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple

import structlog
from sqlalchemy import delete, func, insert
from sqlmodel import Session, col, select

from gateway import figures
from gateway.anchoring.entries import Signer, make
from gateway.anchoring.tables import AnchoredLeaf, Batch
from gateway.db import once_committed
from gateway.journal.tables import Leaf
from gateway.settings import Settings
from ledger import merkle
from ledger.bodies import STREAMS
from ledger.codec import b64u
from ledger.evidence import leaf_part
from ledger.state.batches import NONE_BEFORE

LARGEST = 10_000
"""Leaves in one batch."""
_log = structlog.get_logger(__name__)


class Taken(NamedTuple):
    """A leaf taken out of the journal."""

    id: int
    leaf: bytes
    subject: str
    request_id: str | None


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
    hashes = [each.leaf for each in leaves]
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
            "subject": each.subject,
            "stream": stream,
            "batch_id": batch.id,
            "index": index,
            "leaf": each.leaf,
            "part": leaf_part(index=index, path=path).decode(),
        }
        for index, (each, path) in enumerate(zip(leaves, merkle.inclusion_paths(hashes), strict=True))
    ]
    session.execute(insert(AnchoredLeaf), rows)
    once_committed(session, partial(_tell, stream, sequence, entry.entry_id, [each.request_id for each in leaves]))
    return batch


def _tell(stream: str, sequence: int, entry_id: str, request_ids: Sequence[str | None]) -> None:
    """Count a batch, and log for each request by which entry its leaves are anchored; `request_ids` by leaf."""
    figures.batches.labels(stream).inc()
    figures.leaves.labels(stream).inc(len(request_ids))
    for request_id, count in Counter(request_ids).items():
        _log.info(
            "leaves are in a batch",
            stream=stream,
            sequence=sequence,
            leaves=count,
            entry=entry_id,
            request_id=request_id,
        )


def _take(session: Session, stream: str) -> list[Taken]:
    """Take the oldest leaves of a stream out of the journal, oldest first."""
    oldest = select(Leaf.id).where(Leaf.stream == stream).order_by(col(Leaf.id)).limit(LARGEST)
    taken = delete(Leaf).where(col(Leaf.id).in_(oldest))
    columns = col(Leaf.id), col(Leaf.leaf), col(Leaf.subject), col(Leaf.request_id)
    return [Taken(*row) for row in sorted(session.execute(taken.returning(*columns)).all())]
