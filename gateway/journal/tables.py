"""What waits to be anchored, at rest."""

from datetime import datetime
from typing import Any

from sqlalchemy import LargeBinary
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from gateway.db import instant


class Leaf(SQLModel, table=True):
    """A record's or receipt's leaf hash; `batch_id` and `position` are set when a batch takes it."""

    id: int | None = Field(default=None, primary_key=True)
    stream: str = Field(index=True)
    leaf: bytes = Field(sa_type=LargeBinary)
    subject: str = Field(index=True)
    created_at: datetime = instant()
    batch_id: int | None = Field(default=None, index=True)
    position: int | None = None


class QueuedEntry(SQLModel, table=True):
    """A ledger entry that must be made; `entry_id` is set when anchoring has built and signed it."""

    id: int | None = Field(default=None, primary_key=True)
    type: str
    body: dict[str, Any] = Field(sa_type=JSONB)
    subject: str = Field(index=True)
    created_at: datetime = instant()
    entry_id: str | None = Field(default=None, index=True)
