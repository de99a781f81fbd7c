"""Standing assignments of references to owners, and subscriptions to a standard's callbacks, at rest."""

from datetime import datetime

from sqlalchemy import LargeBinary
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
