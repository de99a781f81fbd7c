"""Events of each bank, where they are sent to, and what became of that, at rest."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKeyConstraint, Index, LargeBinary, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from gateway.db import instant, request_id


class Event(SQLModel, table=True):
    """Something that a bank is told. `number` counts each bank's events from 1, without gaps, in order of commit."""

    __table_args__ = (Index("ix_event_created_at", "created_at"),)

    bank_id: str = Field(primary_key=True, foreign_key="participant.id")
    number: int = Field(primary_key=True)
    id: str = Field(unique=True)  # `evt_` and 16 random bytes: the webhook's id
    type: str  # rules.Type
    consent_id: str = Field(foreign_key="consent.id")
    version: int
    data: dict[str, Any] = Field(sa_type=JSONB)  # what the event says besides consent and version
    happened_at: datetime = instant()
    request_id: str | None = request_id()
    created_at: datetime = instant()


class Webhook(SQLModel, table=True):
    """A URL that a bank's events are sent to, under the name that the bank gave it."""

    bank_id: str = Field(primary_key=True, foreign_key="participant.id")
    name: str = Field(primary_key=True)
    url: str
    secrets: bytes = Field(sa_type=LargeBinary)  # signing.Secrets, encrypted
    created_at: datetime = instant()
    gone_at: datetime | None = instant(default=None, nullable=True)  # the receiver answered 410: nothing is sent


class Delivery(SQLModel, table=True):
    """An event on its way to a webhook. `next_at` is when it is sent (again), None once that is over."""

    __table_args__ = (
        ForeignKeyConstraint(["bank_id", "webhook"], ["webhook.bank_id", "webhook.name"], ondelete="CASCADE"),
        ForeignKeyConstraint(["bank_id", "number"], ["event.bank_id", "event.number"], ondelete="CASCADE"),
        Index(
            "ix_delivery_due",
            "bank_id",
            "webhook",
            "next_at",
            "number",
            postgresql_where=text("next_at IS NOT NULL"),
        ),
    )

    bank_id: str = Field(primary_key=True)
    webhook: str = Field(primary_key=True)
    number: int = Field(primary_key=True)
    state: str  # rules.State
    attempts: int = 0  # since it was queued or replayed
    replays: int = 0
    next_at: datetime | None = instant(nullable=True)


class Attempt(SQLModel, table=True):
    """One attempt of a delivery: what was answered, or why nothing was."""

    __table_args__ = (
        ForeignKeyConstraint(
            ["bank_id", "webhook", "number"],
            ["delivery.bank_id", "delivery.webhook", "delivery.number"],
            ondelete="CASCADE",
        ),
        Index("ix_attempt_of_delivery", "bank_id", "webhook", "number", "id"),
    )

    id: int = Field(default=None, primary_key=True)
    bank_id: str
    webhook: str
    number: int
    at: datetime = instant()
    status: int | None = None
    error: str | None = None
    milliseconds: int
