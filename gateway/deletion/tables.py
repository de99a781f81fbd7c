"""Duties to delete, and what banks attested, at rest."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from gateway.db import instant


class DeletionDuty(SQLModel, table=True):
    """What a bank may have pulled under a version, and has not attested to have deleted.

    Its bank was told of what fell due up to `looked_at`; `next_at` is when it is looked at again, None if nothing more
    falls due.
    """

    __table_args__ = (
        ForeignKeyConstraint(
            ["consent_id", "version"],
            ["consentversion.consent_id", "consentversion.version"],
            name="fk_deletionduty_version",
        ),
        Index("ix_deletionduty_overdue", "overdue_since", postgresql_where=text("overdue_since IS NOT NULL")),
    )

    consent_id: str = Field(primary_key=True)
    version: int = Field(primary_key=True)
    looked_at: datetime = instant()
    next_at: datetime | None = instant(index=True, nullable=True)
    overdue_since: datetime | None = instant(default=None, nullable=True)


class Attestation(SQLModel, table=True):
    """What a bank signed of its pulls. `id` is the leaf's subject: SHA-256 of the JWS, base64url.

    `deleted_at`, or `law` and `retained_until`, as it says itself. `key` is the public JWK that it verifies by, which
    the bank had registered then.
    """

    __table_args__ = (
        UniqueConstraint("bank_id", "jti"),
        Index("ix_attestation_of_version", "consent_id", "version", "number"),
    )

    number: int = Field(default=None, primary_key=True)
    id: str = Field(unique=True)
    consent_id: str = Field(foreign_key="consent.id")
    version: int
    bank_id: str = Field(foreign_key="participant.id")
    jti: str
    jws: str
    key: dict[str, Any] = Field(sa_type=JSONB)
    pulled_until: datetime = instant()
    deleted_at: datetime | None = instant(nullable=True)
    law: str | None
    retained_until: datetime | None = instant(nullable=True)
    received_at: datetime = instant()
