"""What an audit reads of the database: one snapshot, streamed, so that it need not fit into memory."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine, Text, case, func, literal, select
from sqlmodel import Session, col

from gateway.anchoring.tables import AnchoredLeaf, Batch, BlockPart, LedgerEntry
from gateway.consent.tables import Consent, ConsentVersion
from gateway.deletion.tables import Attestation
from gateway.journal.tables import Leaf
from gateway.pull.tables import Receipt
from gateway.records.tables import HolderKey, Record

ROWS_AT_ONCE = 500
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
"""Before everything."""
PROVIDER, OWNER = "provider/", "owner/"
Statement = Any
"""A select; SQLAlchemy's own type names every column's."""


@contextmanager
def snapshot(engine: Engine) -> Iterator[Session]:
    """Yield a session that reads one state of the database and writes nothing."""
    options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    with Session(engine.execution_options(**options)) as session:
        yield session


def begin(session: Session) -> None:
    """Take the snapshot now: PostgreSQL takes it with the first statement."""
    session.execute(select(literal(1)))


def stream(session: Session, statement: Statement) -> Iterator[Any]:
    """Yield the rows of a statement, some at a time."""
    yield from session.execute(statement, execution_options={"stream_results": True, "yield_per": ROWS_AT_ONCE})


def count(session: Session, statement: Statement) -> int:
    """Return how many rows a statement gives."""
    found: int = session.execute(select(func.count()).select_from(statement.order_by(None).subquery())).scalar_one()
    return found


def entries(first: int) -> Statement:
    """Entries that are said to stand in a block at `first` or above, in the blocks' order."""
    table = LedgerEntry
    columns = (
        col(table.number),
        col(table.entry_id),
        col(table.type),
        col(table.subject),
        col(table.version),
        col(table.entry),
        col(table.state),
        col(table.height),
        col(table.code),
        col(table.part),
    )
    return select(*columns).where(col(table.height) >= first).order_by(col(table.height), col(table.number))


def blocks(first: int) -> Statement:
    """Proofs of blocks at `first` or above."""
    columns = col(BlockPart.height), col(BlockPart.head), col(BlockPart.validators)
    return select(*columns).where(col(BlockPart.height) >= first).order_by(col(BlockPart.height))


def batches(since: datetime) -> Statement:
    """Batches made since then, with the entries that anchor them, in order of their sequences."""
    table = Batch
    columns = col(table.id), col(table.stream), col(table.sequence), col(table.root), col(table.size)
    statement = select(*columns, col(LedgerEntry.entry)).join(
        LedgerEntry, col(LedgerEntry.number) == table.entry_number
    )
    return statement.where(col(table.created_at) >= since).order_by(col(table.stream), col(table.sequence))


def batch_before(stream: str, sequence: int) -> Statement:
    """Return the batch of a stream before another, as `batches` gives it."""
    earlier = batches(BEGINNING).where(col(Batch.stream) == stream, col(Batch.sequence) < sequence)
    return earlier.order_by(None).order_by(col(Batch.sequence).desc()).limit(1)


def leaves(since: datetime) -> Statement:
    """Leaves of the batches made since then, in the order of `batches` and within each by index."""
    columns = col(AnchoredLeaf.batch_id), col(AnchoredLeaf.index), col(AnchoredLeaf.leaf), col(AnchoredLeaf.part)
    statement = select(*columns).join(Batch, col(Batch.id) == AnchoredLeaf.batch_id)
    order = col(Batch.stream), col(Batch.sequence), col(AnchoredLeaf.index)
    return statement.where(col(Batch.created_at) >= since).order_by(*order)


def records(since: datetime) -> Statement:
    """Records received since then, with their leaves, the heights of those, and the keys of their holders."""
    table = Record
    holder = case(
        (col(table.owner_id).is_(None), literal(PROVIDER, Text) + col(table.provider_id)),
        else_=literal(OWNER, Text) + col(table.owner_id),
    )
    columns: tuple[Any, ...] = (
        col(table.id),
        col(table.provider_id),
        col(table.owner_id),
        col(table.product),
        col(table.version),
        col(table.level),
        col(table.jwt),
        col(table.leaf),
        col(table.wrapped_key),
        col(table.disclosures),
        col(table.received_at),
        col(HolderKey.wrapped).label("holder_key"),
    )
    statement = _with_leaf(select(*columns, *ANCHORAGE), "records", col(table.id))
    return statement.outerjoin(HolderKey, col(HolderKey.holder) == holder).where(col(table.received_at) >= since)


def receipts(since: datetime) -> Statement:
    """Receipts given since then, with their leaves and the commitments of the versions that they cite."""
    table = Receipt
    columns = (
        col(table.jti),
        col(table.consent_id),
        col(table.version),
        col(table.bank_id),
        col(table.jws),
        col(table.created_at),
        col(ConsentVersion.commitment),
    )
    statement = _with_leaf(select(*columns, *ANCHORAGE), "receipts", col(table.jti))
    cited = (col(ConsentVersion.consent_id) == table.consent_id) & (col(ConsentVersion.version) == table.version)
    return statement.outerjoin(ConsentVersion, cited).where(col(table.created_at) >= since)


def attestations(since: datetime) -> Statement:
    """Attestations that came since then, with their leaves."""
    table = Attestation
    columns = (
        col(table.id),
        col(table.consent_id),
        col(table.version),
        col(table.bank_id),
        col(table.jti),
        col(table.jws),
        col(table.key),
        col(table.pulled_until),
        col(table.deleted_at),
        col(table.law),
        col(table.retained_until),
        col(table.received_at),
    )
    statement = _with_leaf(select(*columns, *ANCHORAGE), "attestations", col(table.id))
    return statement.where(col(table.received_at) >= since)


ANCHORAGE: tuple[Any, ...] = (
    col(AnchoredLeaf.leaf).label("batched"),
    col(Leaf.leaf).label("waiting"),
    col(LedgerEntry.height).label("height"),
)


def _with_leaf(statement: Statement, name: str, subject: Any) -> Statement:  # noqa: ANN401 - a column
    return (
        statement.outerjoin(AnchoredLeaf, (col(AnchoredLeaf.subject) == subject) & (col(AnchoredLeaf.stream) == name))
        .outerjoin(Batch, col(Batch.id) == AnchoredLeaf.batch_id)
        .outerjoin(LedgerEntry, col(LedgerEntry.number) == Batch.entry_number)
        .outerjoin(Leaf, (col(Leaf.subject) == subject) & (col(Leaf.stream) == name))
    )


THERE: Mapping[str, tuple[Any, Any]] = {
    "records": (Record, col(Record.id)),
    "receipts": (Receipt, col(Receipt.jti)),
    "attestations": (Attestation, col(Attestation.id)),
}
"""What stands behind the leaves of a stream, and the column that is their subject."""


def gone(name: str, since: datetime) -> Statement:
    """Leaves of a stream whose record, receipt or attestation is not there: (subject, sequence, index)."""
    table, there = THERE[name]
    statement: Statement = select(col(AnchoredLeaf.subject), col(Batch.sequence), col(AnchoredLeaf.index))
    statement = statement.join(Batch, col(Batch.id) == AnchoredLeaf.batch_id)
    statement = statement.outerjoin(table, there == AnchoredLeaf.subject)
    return statement.where(col(AnchoredLeaf.stream) == name, there.is_(None), col(Batch.created_at) >= since)


def uses() -> Statement:
    """Consents whose uses counted are not the receipts given: (id, uses counted, receipts)."""
    given = func.count(col(Receipt.jti)).filter(col(Receipt.opening))
    statement = select(col(Consent.id), col(Consent.pulls), given.label("given"))
    statement = statement.outerjoin(Receipt, col(Receipt.consent_id) == Consent.id).group_by(col(Consent.id))
    return statement.having(given != col(Consent.pulls)).order_by(col(Consent.id))
