"""Participants, links between providers and owners, and the people of an owner, at rest."""

from datetime import datetime
from typing import Any

from sqlalchemy import LargeBinary
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from gateway.db import instant
from gateway.directory.clients import ClientMetadata


class Participant(SQLModel, table=True):
    id: str = Field(primary_key=True)
    name: str
    roles: list[str] = Field(sa_type=JSONB)
    identifiers: list[dict[str, Any]] = Field(sa_type=JSONB)  # typed: lei, br_number, uscc
    carrier_code: dict[str, str] | None = Field(sa_type=JSONB)  # {list, code}: issuer of this provider's references
    redirect_uris: list[str] = Field(sa_type=JSONB)
    initiate_uri: str | None
    client_jwks: dict[str, Any] = Field(sa_type=JSONB)
    sealing_jwks: dict[str, Any] = Field(sa_type=JSONB)
    people_required: int = 1  # of an owner: so many people must approve a consent, one or two
    client_metadata: dict[str, Any] = Field(default_factory=dict, sa_type=JSONB)  # clients.ClientMetadata
    created_at: datetime = instant()

    @property
    def client(self) -> ClientMetadata:
        """What it registered as an OAuth client."""
        return ClientMetadata.model_validate(self.client_metadata)


class Link(SQLModel, table=True):
    """The owner is the provider's customer: asked for by the provider, in force once the owner has confirmed."""

    provider_id: str = Field(primary_key=True, foreign_key="participant.id")
    owner_id: str = Field(primary_key=True, foreign_key="participant.id")
    requested_at: datetime = instant()
    confirmed_at: datetime | None = instant(nullable=True)


class Person(SQLModel, table=True):
    """Somebody who acts for an owner; `id` is random and is all that a consent record says of them."""

    id: str = Field(primary_key=True)
    participant_id: str = Field(foreign_key="participant.id", index=True)
    name: str
    authority: str
    created_at: datetime = instant()


class Passkey(SQLModel, table=True):
    credential_id: bytes = Field(primary_key=True, sa_type=LargeBinary)
    person_id: str = Field(foreign_key="person.id", index=True)
    public_key: bytes = Field(sa_type=LargeBinary)  # COSE key
    sign_count: int
    salt: bytes = Field(sa_type=LargeBinary)  # opens the commitment on the ledger
    commitment: bytes = Field(sa_type=LargeBinary)
    created_at: datetime = instant()


class Invitation(SQLModel, table=True):
    """A one-time right to enrol a passkey for an owner. Only the token's SHA-256 is kept."""

    token_hash: bytes = Field(primary_key=True, sa_type=LargeBinary)
    participant_id: str = Field(foreign_key="participant.id")
    name: str
    authority: str
    expires_at: datetime = instant()
    used_at: datetime | None = instant(nullable=True)


class PortalSession(SQLModel, table=True):
    """A signed-in browser. Only the token's SHA-256 is kept; a row that is gone is signed out."""

    token_hash: bytes = Field(primary_key=True, sa_type=LargeBinary)
    person_id: str = Field(foreign_key="person.id")
    started_at: datetime = instant()
    expires_at: datetime = instant()  # moves on with use


class Challenge(SQLModel, table=True):
    """What a passkey is asked to sign to enrol or to sign in: taken once, by the browser that holds the token."""

    token_hash: bytes = Field(primary_key=True, sa_type=LargeBinary)
    purpose: str  # sessions.Purpose
    subject: str  # the id of the person to be, where one enrols
    challenge: bytes = Field(sa_type=LargeBinary)
    expires_at: datetime = instant(index=True)
