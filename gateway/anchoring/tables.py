"""Batches, ledger entries on their way and final, and the parts of proofs, at rest.

Proof parts are stored as the canonical JSON text (RFC 8785) that stands in an evidence, so that a pull copies them.
"""

from datetime import datetime

from sqlalchemy import Index, LargeBinary, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from gateway.db import instant


class LedgerEntry(SQLModel, table=True):
    """A signed entry, stored before it is submitted. Entries of one `lane` reach the ledger in order of `number`."""

    __table_args__ = (
        Index(
            "ix_ledgerentry_unfinished", "lane", "number", postgresql_where=text("state IN ('waiting', 'submitted')")
        ),
        Index("ix_ledgerentry_about", "subject", "version"),
    )

    number: int = Field(default=None, primary_key=True)
    entry_id: str = Field(unique=True)  # a new one each time the entry is made again
    type: str
    subject: str
    version: int | None = None  # of the consent it is about
    lane: str
    entry: bytes = Field(sa_type=LargeBinary)  # canonical and signed
    not_after_height: int
    state: str  # submission.State
    created_at: datetime = instant()
    height: int | None = Field(default=None, index=True)
    code: int | None = None
    log: str | None = None
    proof: str | None = None  # of entry and result, once final


class Batch(SQLModel, table=True):
    """A Merkle tree of leaves, anchored by one `batch.anchor` entry. One sequence a stream, from 0, without gaps."""

    __table_args__ = (UniqueConstraint("stream", "sequence"),)

    id: int = Field(default=None, primary_key=True)
    stream: str
    sequence: int
    root: bytes = Field(sa_type=LargeBinary)
    size: int
    entry_number: int = Field(foreign_key="ledgerentry.number")
    created_at: datetime = instant()


class AnchoredLeaf(SQLModel, table=True):
    """A leaf that a batch took: `subject` is the id of the record or receipt, `path` a JSON array of hashes."""

    subject: str = Field(primary_key=True)
    stream: str
    batch_id: int = Field(foreign_key="batch.id")
    index: int
    leaf: bytes = Field(sa_type=LargeBinary)
    path: str


class BlockPart(SQLModel, table=True):
    """What proves a block: headers H and H+1, commit for H+1 and its validators."""

    height: int = Field(primary_key=True)
    part: str


class KeyState(SQLModel, table=True):
    """A key or credential whose state every evidence may need, proved under the app hash of header `height`.

    All rows that have a proof have it at the same height: the newest that was final.
    """

    key: str = Field(primary_key=True)  # of the ledger's state, such as key/<org>/<kid>
    height: int | None = None
    proof: str | None = None
