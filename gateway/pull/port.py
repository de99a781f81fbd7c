"""What a pull reads: one read-only transaction by asyncpg, no lock, no write."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import asyncpg

from gateway.access.rules import Permit, Standing
from gateway.anchoring import reads
from gateway.oauth.tokens import Token
from gateway.pull.final import Final
from gateway.pull.question import Place
from gateway.records.references import reference

POOL = 16
PAGE = 200
"""Most records of one page."""

CONSENT = """
SELECT c.bank_id, c.owner_id, c.state, c.state_since, c.expires_at, c.version, v.terms, v.record, v.salt, v.commitment,
    EXISTS (SELECT 1 FROM revokedtoken r WHERE r.id IN ($2, $3)) AS token_revoked
FROM consent c LEFT JOIN consentversion v ON v.consent_id = c.id AND v.version = c.version
WHERE c.id = $1
"""

RECORDS = """
SELECT r.id, r.provider_id, r.owner_id, r.product, r.version, r.identifiers, r.day, r.level, r.jwt, r.wrapped_key,
    r.disclosures, r.received_at, h.wrapped AS holder_key
FROM record r LEFT JOIN holderkey h ON h.holder = 'owner/' || r.owner_id
WHERE r.owner_id = $1 AND r.product = ANY($2) AND r.state = 'current'
    AND ($3::text[] IS NULL OR r.reference_keys && $3)
    AND ($4::date IS NULL OR r.day >= $4) AND ($5::date IS NULL OR r.day <= $5)
    AND ($6::timestamptz IS NULL OR r.received_at > $6)
    AND ($7::timestamptz IS NULL OR (r.received_at, r.id) > ($7, $8))
ORDER BY r.received_at, r.id LIMIT $9
"""

OLDEST_USE = "SELECT min(created_at) FROM receipt WHERE consent_id = $1 AND opening AND created_at > $2"


@dataclass(frozen=True, slots=True)
class ConsentRead:
    """A consent as read: how it stands, what it grants, and what proves it."""

    standing: Standing
    owner_id: str
    version: int
    terms: Mapping[str, Any]
    record: Mapping[str, Any]
    salt: bytes
    commitment: bytes
    token_revoked: bool
    head: int
    activation: reads.Anchored | None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A stored record that may be handed out."""

    id: str
    provider_id: str
    product: str
    version: int
    identifiers: Sequence[Mapping[str, Any]]
    day: date | None
    level: str
    jwt: str
    holder: str
    holder_key: bytes | None
    wrapped_key: bytes | None
    disclosures: bytes | None
    received_at: datetime


class Snapshot:
    """The database at one moment."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self.connection = connection

    async def consent(self, consent_id: str, token: Token) -> ConsentRead | None:
        """Return the consent behind a token; None if there is none that was ever granted."""
        row = await self.connection.fetchrow(CONSENT, consent_id, token.jti, token.family)
        if row is None or row["record"] is None:
            return None
        head = await reads.head(self.connection) or 0
        activation = await reads.activation(self.connection, consent_id, row["version"], at=head)
        return ConsentRead(
            standing=Standing(
                consent_id=consent_id,
                bank_id=row["bank_id"],
                state=row["state"],
                state_since=row["state_since"],
                expires_at=row["expires_at"],
                final=activation is not None,
            ),
            owner_id=row["owner_id"],
            version=row["version"],
            terms=json.loads(row["terms"]),
            record=json.loads(row["record"]),
            salt=row["salt"],
            commitment=row["commitment"],
            token_revoked=row["token_revoked"],
            head=head,
            activation=activation,
        )

    async def records(
        self, owner_id: str, permit: Permit, *, since: datetime | None, after: Place | None
    ) -> tuple[list[Candidate], bool]:
        """Return a page of records that the permit may cover, and whether there are more."""
        wanted = [reference(each).key for each in permit.identifiers] if permit.identifiers else None
        rows = await self.connection.fetch(
            RECORDS,
            owner_id,
            list(permit.products),
            wanted,
            permit.first_day,
            permit.last_day,
            since,
            after.received_at if after else None,
            after.record_id if after else None,
            PAGE + 1,
        )
        return [_candidate(row) for row in rows[:PAGE]], len(rows) > PAGE

    async def free_again(self, consent_id: str, per_ends: datetime) -> datetime | None:
        """Return the oldest use after `per_ends`: when it leaves the window, one more is free."""
        oldest: datetime | None = await self.connection.fetchval(OLDEST_USE, consent_id, per_ends)
        return oldest


class Port:
    """The pull's way to the database."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self.final = Final(pool)

    def connections(self) -> tuple[int, int]:
        """Return how many connections are in use, and how many are open and idle."""
        idle = self._pool.get_idle_size()
        return self._pool.get_size() - idle, idle

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Snapshot]:
        """Read at one moment: keys are proved at one height, which may move on between two reads."""
        async with (
            self._pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            yield Snapshot(connection)


@asynccontextmanager
async def opened(database_url: str) -> AsyncIterator[Port]:
    """Yield the pull's port on PostgreSQL at `database_url`."""
    settings = {"plan_cache_mode": "force_generic_plan", "timezone": "UTC"}
    async with asyncpg.create_pool(database_url, min_size=1, max_size=POOL, server_settings=settings) as pool:
        yield Port(pool)


def _candidate(row: asyncpg.Record) -> Candidate:
    return Candidate(
        id=row["id"],
        provider_id=row["provider_id"],
        product=row["product"],
        version=row["version"],
        identifiers=json.loads(row["identifiers"]),
        day=row["day"],
        level=row["level"],
        jwt=row["jwt"],
        holder=f"owner/{row['owner_id']}",
        holder_key=row["holder_key"],
        wrapped_key=row["wrapped_key"],
        disclosures=row["disclosures"],
        received_at=row["received_at"],
    )
