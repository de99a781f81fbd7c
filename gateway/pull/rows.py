"""What a pull reads in one statement: how a consent stands, and the records that it may cover."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

import asyncpg

from gateway.access.parties import Agreed
from gateway.access.rules import Permit, Question, Standing, decide
from gateway.pull.kept import Granted


@dataclass(frozen=True, slots=True)
class ConsentRead:
    """A consent as read: how it stands, what it grants, and what proves it.

    `head`: the height of header A; `compared`: whether the database was compared with the ledger (`reads.COMPARED`).
    """

    standing: Standing
    owner_id: str
    granted: Granted
    token_revoked: bool
    compared: bool
    head: int


class Candidate(NamedTuple):
    """A stored record that may be handed out."""

    id: str
    provider_id: str
    product: str
    version: int
    identifiers: Sequence[Mapping[str, Any]]
    day: date | None
    level: str
    jwt: str
    leaf: bytes
    holder: str
    holder_key: bytes | None
    wrapped_key: bytes | None
    disclosures: bytes | None
    received_at: datetime
    parties: Mapping[str, Sequence[str]]


def consent_read(row: asyncpg.Record, granted: Granted) -> ConsentRead:
    """Return how a consent stands, of a row of `gateway.pull.port.COVERED`."""
    head, activation = row["head"] or 0, granted.activation
    return ConsentRead(
        standing=Standing(
            consent_id=granted.consent_id,
            bank_id=row["bank_id"],
            state=row["state"],
            state_since=row["state_since"],
            expires_at=row["expires_at"],
            final=activation is not None and activation.anchor.height < head,
            reason=row["reason"],
        ),
        owner_id=row["owner_id"],
        granted=granted,
        token_revoked=row["token_revoked"],
        compared=row["compared"],
        head=head,
    )


def candidate(row: asyncpg.Record) -> Candidate:
    """Return the record of such a row."""
    return Candidate(
        id=row["id"],
        provider_id=row["provider_id"],
        product=row["product"],
        version=row["version"],
        identifiers=json.loads(row["identifiers"]),
        day=row["day"],
        level=row["level"],
        jwt=row["jwt"],
        leaf=row["leaf"],
        holder=f"owner/{row['owner_id']}",
        holder_key=row["holder_key"],
        wrapped_key=row["wrapped_key"],
        disclosures=row["disclosures"],
        received_at=row["received_at"],
        parties=json.loads(row["parties"]),
    )


def agreed(row: asyncpg.Record, *, bank_id: str, now: datetime) -> Agreed | None:
    """Return the consent of a row of `gateway.pull.port.AGREED`; None if a pull under it would be refused."""
    standing = Standing(
        consent_id=row["id"],
        bank_id=row["bank_id"],
        state=row["state"],
        state_since=row["state_since"],
        expires_at=row["expires_at"],
        final=row["final"],
    )
    verdict = decide(standing, json.loads(row["terms"]), Question(), bank_id=bank_id, now=now)
    return Agreed(row["id"], row["version"], row["owner_id"], verdict) if isinstance(verdict, Permit) else None
