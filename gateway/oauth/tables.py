"""Requests, codes, refresh tokens, and what has been used up, at rest. Secrets are kept as SHA-256 only."""

from datetime import datetime
from typing import Any

from sqlalchemy import LargeBinary, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from gateway.db import instant


class PushedRequest(SQLModel, table=True):
    """An authorization request as pushed (RFC 9126); `id` is what the portal's URL shows, not the request_uri."""

    __table_args__ = (UniqueConstraint("client_id", "idempotency_key"),)

    id: str = Field(primary_key=True)
    uri_hash: bytes = Field(sa_type=LargeBinary, unique=True)
    client_id: str = Field(foreign_key="participant.id")
    redirect_uri: str
    scope: str
    state: str | None
    response_mode: str
    resource: str | None  # None: the gateway
    code_challenge: str
    jkt: str | None
    replaces: bool  # an agreement takes the place of that of consent_id, which stands until then
    resumes: bool = False  # consent_id was given before: its owner signs in, and approves nothing more
    details: dict[str, Any] = Field(sa_type=JSONB)
    consent_id: str = Field(foreign_key="consent.id")
    expires_at: datetime = instant()
    completed_at: datetime | None = instant(default=None, nullable=True)
    idempotency_key: str | None = None
    fingerprint: bytes | None = Field(default=None, sa_type=LargeBinary)  # of what came under that key


class Code(SQLModel, table=True):
    """An authorization code; `used_at` stays as its tombstone, so that a replay is seen."""

    code_hash: bytes = Field(primary_key=True, sa_type=LargeBinary)
    client_id: str
    redirect_uri: str
    scope: str
    resource: str | None  # None: the gateway
    code_challenge: str
    jkt: str | None
    consent_id: str = Field(foreign_key="consent.id")
    family: str
    expires_at: datetime = instant()
    used_at: datetime | None = instant(default=None, nullable=True)

    def get_redirect_uri(self) -> str:
        """Return the redirect URI that the request was for (Authlib's name)."""
        return self.redirect_uri

    def get_scope(self) -> str:
        """Return the scope (Authlib's name)."""
        return self.scope


class RefreshToken(SQLModel, table=True):
    """A refresh token; all tokens that came of one code are a `family`."""

    token_hash: bytes = Field(primary_key=True, sa_type=LargeBinary)
    client_id: str
    scope: str
    resource: str | None  # None: the gateway
    consent_id: str = Field(foreign_key="consent.id", index=True)
    family: str = Field(index=True)
    created_at: datetime = instant()
    revoked_at: datetime | None = instant(default=None, nullable=True)

    def get_scope(self) -> str:
        """Return the scope (Authlib's name)."""
        return self.scope


class UsedProof(SQLModel, table=True):
    """A DPoP proof that was accepted: no other process accepts it again."""

    jkt: str = Field(primary_key=True)
    jti: str = Field(primary_key=True)
    expires_at: datetime = instant(index=True)


class UsedAssertion(SQLModel, table=True):
    """A client assertion that was accepted (RFC 7523 section 3, jti)."""

    client_id: str = Field(primary_key=True)
    jti: str = Field(primary_key=True)
    expires_at: datetime = instant(index=True)


class RevokedToken(SQLModel, table=True):
    """An access token (its jti) or a whole family that is revoked; kept until its tokens would have ended anyway."""

    id: str = Field(primary_key=True)
    expires_at: datetime = instant(index=True)


class FetchedKeys(SQLModel, table=True):
    """The keys at a client's `jwks_uri`; `asked_at`: the last fetch, `missed_at`: the last one for an unknown `kid`."""

    uri: str = Field(primary_key=True)
    jwks: dict[str, Any] = Field(sa_type=JSONB)
    fetched_at: datetime | None = instant(default=None, nullable=True)
    asked_at: datetime | None = instant(default=None, nullable=True)
    missed_at: datetime | None = instant(default=None, nullable=True)
