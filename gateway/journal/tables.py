"""What waits to be anchored or told, at rest. `request_id` is that of the request that wrote the row, if one did."""

from datetime import datetime
from typing import Any

from sqlalchemy import LargeBinary
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from gateway.db import instant, request_id


class Leaf(SQLModel, table=True):
    """A record's or receipt's leaf hash, until a batch takes it."""

    id: int | None = Field(default=None, primary_key=True)
    stream: str
    leaf: bytes = Field(sa_type=LargeBinary)
    subject: str
    request_id: str | None = request_id()
    created_at: datetime = instant()


class QueuedEntry(SQLModel, table=True):
    """A ledger entry that must be made, until anchoring has built and signed it."""

    id: int | None = Field(default=None, primary_key=True)
    type: str
    body: dict[str, Any] = Field(sa_type=JSONB)
    subject: str = Field(index=True)
    request_id: str | None = request_id()
    created_at: datetime = instant()


class Happening(SQLModel, table=True):
    """Something that others are to be told of, until `gateway.notify` has made events of it."""

    id: int | None = Field(default=None, primary_key=True)
    type: str
    subject: str
    body: dict[str, Any] = Field(sa_type=JSONB)
    request_id: str | None = request_id()
    created_at: datetime = instant()
