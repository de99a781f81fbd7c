"""Sealed records, encrypted originals and what was refused, at rest."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field, SQLModel

from gateway.db import instant


class HolderKey(SQLModel, table=True):
    """The key that wraps the data keys of one holder: `owner/<id>`, or `provider/<id>` for what nobody owns yet.

    Deleting the row makes everything of the holder unreadable for good.
    """

    holder: str = Field(primary_key=True)
    wrapped: bytes = Field(sa_type=LargeBinary)  # by the master key
    created_at: datetime = instant()


class Original(SQLModel, table=True):
    """The bytes that a provider sent, under the provider's key: they may concern several owners."""

    __table_args__ = (UniqueConstraint("provider_id", "connector", "digest"),)

    id: str = Field(primary_key=True)
    provider_id: str = Field(foreign_key="participant.id")
    connector: str
    digest: bytes = Field(sa_type=LargeBinary)  # crypto.keyed_digest of the bytes
    record_ids: list[str] = Field(sa_type=ARRAY(Text))  # in the message's order; not all made from it
    wrapped_key: bytes | None = Field(sa_type=LargeBinary)
    body: bytes | None = Field(sa_type=LargeBinary)
    received_at: datetime = instant()


class Quarantine(SQLModel, table=True):
    """Why an original could not become records: the faults, encrypted, for they quote the message."""

    original_id: str = Field(
        primary_key=True, sa_type=Text, sa_column_args=(ForeignKey("original.id", ondelete="CASCADE"),)
    )
    wrapped_key: bytes = Field(sa_type=LargeBinary)
    faults: bytes = Field(sa_type=LargeBinary)
    received_at: datetime = instant()


class Record(SQLModel, table=True):
    """A sealed record. Who owns it and which version is current may change; what is sealed never does.

    `jwt` shows no field's value; the values are in `disclosures`, encrypted. Without `wrapped_key` it is erased.
    """

    __table_args__ = (
        Index("ix_record_of_owner", "owner_id", "received_at", "id", postgresql_where=text("state = 'current'")),
        Index("ix_record_key", "provider_id", "product", "key"),
        Index("ix_record_pushed", "provider_id", "received_at", "id"),
        Index("ix_record_reference_keys", "reference_keys", postgresql_using="gin"),
    )

    id: str = Field(primary_key=True)
    provider_id: str = Field(foreign_key="participant.id")
    owner_id: str | None = Field(default=None, foreign_key="participant.id")
    owner_basis: str | None = None  # ingest.rules.Basis: by whose word
    product: str
    version: int
    key: str  # the provider's own name for the document or event
    revision: str | None = None
    identifiers: list[dict[str, Any]] = Field(sa_type=JSONB)
    reference_keys: list[str] = Field(sa_type=ARRAY(Text))  # a text for each identifier, to join on
    owner_keys: list[str] = Field(sa_type=ARRAY(Text))  # those of them from which an owner may follow
    day: date | None = None  # of issue or of the event, UTC: what a consent's period limits
    level: str  # provider_sealed or gateway_attested
    jwt: str
    wrapped_key: bytes | None = Field(sa_type=LargeBinary)
    disclosures: bytes | None = Field(sa_type=LargeBinary)
    content: bytes = Field(sa_type=LargeBinary)  # crypto.keyed_digest of the document
    leaf: bytes = Field(sa_type=LargeBinary)
    original_id: str = Field(foreign_key="original.id")
    state: str
    retracts: bool = False
    superseded_by: str | None = None
    parties: dict[str, list[str]] = Field(default_factory=dict, sa_type=JSONB)  # by role: its participants, as said
    received_at: datetime = instant()
