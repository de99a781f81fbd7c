"""What waits to be anchored, at rest."""

from datetime import datetime
from typing import Any

from sqlalchemy import LargeBinary
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from gateway.db import instant


class Leaf(SQLModel, table=True):
    """A record's or receipt's leaf hash, until a batch takes it."""

    id: int | None = Field(default=None, primary_key=True)
    stream: str
    leaf: bytes = Field(sa_type=LargeBinary)
    subject: str
    created_at: datetime = instant()


class QueuedEntry(SQLModel, table=True):
    """A ledger entry that must be made, until anchoring has built and signed it."""

    id: int | None = Field(default=None, primary_key=True)
    type: str
    body: dict[str, Any] = Field(sa_type=JSONB)
    subject: str = Field(index=True)
    created_at: datetime = instant()
