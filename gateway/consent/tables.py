"""Consents, what the owner signed of each version, and what became of it since, at rest."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from gateway.db import instant


class Consent(SQLModel, table=True):
    """A bank's request and what came of it. Its id is the grant's id and the ledger's: 32 random bytes, base64url."""

    __table_args__ = (
        Index("ix_consent_ends", "expires_at", postgresql_where=text("state IN ('requested', 'active', 'paused')")),
        Index(
            "ix_consent_exhausted",
            "id",
            postgresql_where=text("state IN ('active', 'paused') AND pulls >= maximum_pulls"),
        ),
    )

    id: str = Field(primary_key=True)
    owner_id: str = Field(foreign_key="participant.id", index=True)
    bank_id: str = Field(foreign_key="participant.id", index=True)
    asked: dict[str, Any] = Field(sa_type=JSONB)  # TradeData as requested
    state: str  # rules.State, as last changed; rules.at says what holds now
    state_since: datetime = instant()
    version: int = 0  # of the ConsentVersion in force
    expires_at: datetime = instant()  # of the request until it is answered, then of what was agreed
    maximum_pulls: int | None = None
    pulls: int = 0
    requested_at: datetime = instant()
    granted_at: datetime | None = instant(default=None, nullable=True)
    ended_at: datetime | None = instant(default=None, nullable=True)
    reason: str | None = None
    last_pull_at: datetime | None = instant(default=None, nullable=True)


class ConsentVersion(SQLModel, table=True):
    """What an owner signed: the record as it was when the version was given, and the opening of its commitment."""

    consent_id: str = Field(primary_key=True, foreign_key="consent.id")
    version: int = Field(primary_key=True)
    terms: dict[str, Any] = Field(sa_type=JSONB)  # TradeData as granted
    record: dict[str, Any] = Field(sa_type=JSONB)
    notice: str  # the text shown, whose SHA-256 the owner signed
    salt: bytes = Field(sa_type=LargeBinary)
    commitment: bytes = Field(sa_type=LargeBinary)
    digest: bytes = Field(sa_type=LargeBinary)  # what the passkey signed
    created_at: datetime = instant()


class ConsentChange(SQLModel, table=True):
    """A consent's record after a change of status that needed no new signature: revoked, paused, ended."""

    number: int = Field(default=None, primary_key=True)
    consent_id: str = Field(foreign_key="consent.id", index=True)
    version: int
    event: str  # rules.Event
    record: dict[str, Any] = Field(sa_type=JSONB)
    salt: bytes = Field(sa_type=LargeBinary)
    commitment: bytes = Field(sa_type=LargeBinary)
    created_at: datetime = instant()


class TitleChange(SQLModel, table=True):
    """Title to an owner's document passed on: told once, whoever reports it again."""

    __table_args__ = (UniqueConstraint("owner_id", "document_key", "kind", "at"),)

    number: int = Field(default=None, primary_key=True)
    owner_id: str = Field(foreign_key="participant.id")
    document_key: str  # records.references.Reference.key
    document: dict[str, Any] = Field(sa_type=JSONB)  # the typed identifier
    kind: str  # title_rules.Kind
    at: datetime = instant()
    reporter: str
    noted_at: datetime = instant()


class Draft(SQLModel, table=True):
    """What a person is about to sign: kept here, so that what comes back is signed over this and nothing else."""

    id: str = Field(primary_key=True)
    consent_id: str = Field(foreign_key="consent.id", index=True)
    person_id: str = Field(foreign_key="person.id")
    terms: dict[str, Any] = Field(sa_type=JSONB)
    signed: dict[str, Any] = Field(sa_type=JSONB)
    notice: str
    digest: bytes = Field(sa_type=LargeBinary)
    expires_at: datetime = instant()
    used_at: datetime | None = instant(default=None, nullable=True)


class PendingApproval(SQLModel, table=True):
    """What a maker signed and a checker has yet to: one a consent. Another draft that is signed takes its place."""

    consent_id: str = Field(primary_key=True, foreign_key="consent.id")
    draft_id: str
    maker_id: str = Field(foreign_key="person.id")
    asked: dict[str, Any] = Field(sa_type=JSONB)  # TradeData as the bank asked it
    terms: dict[str, Any] = Field(sa_type=JSONB)
    signed: dict[str, Any] = Field(sa_type=JSONB)
    notice: str
    digest: bytes = Field(sa_type=LargeBinary)
    signature: dict[str, Any] = Field(sa_type=JSONB)  # the maker's: credential and assertion
    signed_at: datetime = instant()
    expires_at: datetime = instant()
