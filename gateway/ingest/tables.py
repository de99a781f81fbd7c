"""Standing assignments of references to owners, subscriptions to callbacks, and APIs to fetch from, at rest."""

from datetime import datetime

from sqlalchemy import LargeBinary, UniqueConstraint
from sqlmodel import Field, SQLModel

from gateway.db import instant


class Assignment(SQLModel, table=True):
    """A provider's word that what bears a reference belongs to an owner. `reference_key` is `rules.Reference.key`."""

    provider_id: str = Field(primary_key=True, foreign_key="participant.id")
    reference_key: str = Field(primary_key=True)
    scheme: str
    issuer: str  # LIST:CODE, or empty
    value: str
    owner_id: str = Field(foreign_key="participant.id")
    created_at: datetime = instant()


class CallbackSubscription(SQLModel, table=True):
    """Where a provider's system calls back; `id` is random and part of the path, `secret` encrypted."""

    id: str = Field(primary_key=True)
    connector: str
    provider_id: str = Field(foreign_key="participant.id")
    secret: bytes = Field(sa_type=LargeBinary)
    created_at: datetime = instant()


class Source(SQLModel, table=True):
    """A standard's API that is fetched from for a provider; `headers` are encrypted, `cursor` is the connector's."""

    __table_args__ = (UniqueConstraint("provider_id", "connector", "url"),)

    id: str = Field(primary_key=True)
    provider_id: str = Field(foreign_key="participant.id")
    connector: str
    url: str
    headers: bytes = Field(sa_type=LargeBinary)
    every_seconds: int
    cursor: str | None = None
    next_at: datetime = instant()
    failures: int = 0  # in a row
    last_error: str | None = None
    last_success_at: datetime | None = instant(default=None, nullable=True)
    accepted: int = 0  # events and documents that became records
    refused: int = 0  # messages that did not
    created_at: datetime = instant()
