"""Batches, ledger entries on their way and final, and the parts of proofs, at rest.

Parts of proofs are stored as the canonical JSON text that stands in an evidence (`ledger.evidence`), to be copied.
"""

from datetime import datetime

from sqlalchemy import BigInteger, Index, LargeBinary, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from gateway.db import instant, request_id


class LedgerEntry(SQLModel, table=True):
    """A signed entry, stored before it is submitted. Entries of one `lane` reach the ledger in order of `number`."""

    __table_args__ = (
        Index(
            "ix_ledgerentry_unfinished", "lane", "number", postgresql_where=text("state IN ('waiting', 'submitted')")
        ),
        Index("ix_ledgerentry_about", "subject", "version"),
        Index("ix_ledgerentry_rejected", "number", postgresql_where=text("state = 'rejected'")),
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
    signed_elsewhere: bool = Field(default=False, sa_column_kwargs={"server_default": "false"})  # cannot be made again
    request_id: str | None = request_id()  # of the request that it came of, if one did
    created_at: datetime = instant()
    height: int | None = Field(default=None, index=True)
    code: int | None = None
    log: str | None = None
    part: str | None = None  # evidence.Anchor.rest, once it stands in a final block


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
    """A leaf that a batch took; `subject` is the id of the record, receipt or attestation."""

    subject: str = Field(primary_key=True)
    stream: str
    batch_id: int = Field(foreign_key="batch.id")
    index: int
    leaf: bytes = Field(sa_type=LargeBinary)
    part: str  # evidence.leaf_part: index and path


class BlockPart(SQLModel, table=True):
    """What proves a block: headers H and H+1, commit for H+1 and its validators."""

    height: int = Field(primary_key=True)
    head: str  # evidence.BlockPart
    validators: str


class KeyState(SQLModel, table=True):
    """A key or credential whose state every evidence may need, proved under the app hash of header `height`.

    All rows that have a proof have it at the same height: the newest that was final.
    """

    key: str = Field(primary_key=True)  # of the ledger's state, such as key/<org>/<kid>
    height: int | None = None
    part: str | None = None  # an element of evidence.keys_part; None if the state has no such key


class HandoverPart(SQLModel, table=True):
    """A change of the validator set: an element of an evidence's `handovers`."""

    height: int = Field(primary_key=True)  # of its header
    part: str


class Comparison(SQLModel, table=True):
    """One row: that the database, there and since then (`reads.HERE`), was compared with the ledger up to a height."""

    server_since: datetime = instant(primary_key=True)
    database: int = Field(sa_type=BigInteger)
    relation: int = Field(sa_type=BigInteger)
    height: int
    compared_at: datetime = instant()


class StateProof(SQLModel, table=True):
    """A key of the state that somebody asked to have proved, and its newest proof."""

    __table_args__ = (Index("ix_stateproof_wanted", "key", postgresql_where=text("wanted")),)

    key: str = Field(primary_key=True)
    wanted: bool  # a newer proof is asked for
    made_at: datetime | None = instant(default=None, nullable=True)
    height: int | None = None  # of the header that it is proved under
    document: bytes | None = Field(default=None, sa_type=LargeBinary)  # ledger.state_proof
