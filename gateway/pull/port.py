"""What a pull reads, by asyncpg: without a lock, without a write, and mostly by one statement.

That statement sees one moment: how the consent stands, and which records it covers. All else is final, and so the same
whenever it is read: it is kept (`gateway.pull.kept`), or read after it. Keys are proved under the newest header, which
may be newer than that moment; what was final then is final still.
"""

import json
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial

import asyncpg

from gateway.access.parties import Agreed
from gateway.access.rules import Permit
from gateway.anchoring import reads
from gateway.oauth.tokens import Token
from gateway.pull import kept
from gateway.pull.final import Final
from gateway.pull.kept import Granted, Kept, Moved
from gateway.pull.question import Place
from gateway.pull.rows import Candidate, ConsentRead, agreed, candidate, consent_read
from gateway.records.references import reference
from ledger import evidence
from ledger.codec import b64u
from ledger.verify.signers import credentials_of

PAGE = 200
"""Most records of one page."""

GRANT = """
SELECT v.version, v.terms, v.record, v.salt, v.commitment
FROM consent c JOIN consentversion v ON v.consent_id = c.id AND v.version = c.version
WHERE c.id = $1
"""

COVERED = f"""
SELECT c.bank_id, c.owner_id, c.state, c.state_since, c.reason, c.expires_at, c.version AS consent_version,
    ({reads.HEAD}) AS head, {reads.COMPARED} AS compared, h.wrapped AS holder_key, r.*,
    EXISTS (SELECT 1 FROM revokedtoken t WHERE t.id IN ($2, $3)) AS token_revoked
FROM consent c LEFT JOIN holderkey h ON h.holder = 'owner/' || c.owner_id LEFT JOIN LATERAL (
    SELECT r.id, r.provider_id, r.product, r.version, r.identifiers, r.day, r.level, r.jwt, r.leaf, r.wrapped_key,
        r.disclosures, r.received_at, r.parties
    FROM record r
    WHERE r.owner_id = c.owner_id AND r.product = ANY($4) AND r.state = 'current'
        AND ($5::text[] IS NULL OR r.reference_keys && $5)
        AND ($6::date IS NULL OR r.day >= $6) AND ($7::date IS NULL OR r.day <= $7)
        AND ($8::timestamptz IS NULL OR r.received_at > $8)
        AND ($9::timestamptz IS NULL OR (r.received_at, r.id) > ($9, $10))
    ORDER BY r.received_at, r.id LIMIT $11
) r ON true
WHERE c.id = $1 ORDER BY r.received_at, r.id
"""  # noqa: S608 - put together from constants
"""A consent as it stands, in every row, with a page of the records that it may cover; at least one row, without one."""

AGREED = f"""
SELECT c.id, c.owner_id, c.bank_id, c.state, c.state_since, c.expires_at, c.version, v.terms, EXISTS (
    SELECT 1 FROM ledgerentry e
    WHERE e.subject = c.id AND e.version = c.version AND e.type IN ('consent.granted', 'consent.amended')
        AND e.state = 'final' AND e.height < ({reads.HEAD})) AS final
FROM consent c JOIN consentversion v ON v.consent_id = c.id AND v.version = c.version
WHERE c.owner_id = ANY($1::text[]) AND c.bank_id = $2 AND c.state = 'active'
    AND (c.maximum_pulls IS NULL OR c.pulls < c.maximum_pulls)
ORDER BY c.id
"""  # noqa: S608 - put together from constants

OLDEST_USE = "SELECT min(created_at) FROM receipt WHERE consent_id = $1 AND opening AND created_at > $2"


class Reading:
    """Reads for one pull, and keeps for the next."""

    def __init__(self, connection: asyncpg.Connection, known: Kept) -> None:
        self._connection, self._kept = connection, known

    async def granted(self, consent_id: str) -> Granted | None:
        """Return a consent's version, the last that was read unless `covered` finds another; None if never granted."""
        if known := self._kept.grants.get(consent_id):
            return known
        row = await self._connection.fetchrow(GRANT, consent_id)
        if row is None:
            return None
        head = await reads.head(self._connection) or 0
        record = json.loads(row["record"])
        found = Granted(
            consent_id=consent_id,
            version=row["version"],
            terms=json.loads(row["terms"]),
            commitment=b64u(row["commitment"]),
            part=evidence.consent_part(record=record, salt=row["salt"]),
            credentials=credentials_of(record),
            activation=await reads.activation(self._connection, consent_id, row["version"], at=head),
        )
        if found.activation is not None:
            kept.keep(self._kept.grants, {consent_id: found}, most=kept.MOST_GRANTS)
        return found

    async def covered(
        self, granted: Granted, token: Token, permit: Permit | None, *, since: datetime | None, after: Place | None
    ) -> tuple[ConsentRead, list[Candidate], bool]:
        """Return how a consent stands, a page of the records that the permit may cover, and whether there are more.

        Raises `Moved` if the consent has another version by now.
        """
        wanted = [reference(each).key for each in permit.identifiers] if permit and permit.identifiers else None
        rows = await self._connection.fetch(
            COVERED,
            granted.consent_id,
            token.jti,
            token.family,
            list(permit.products) if permit else [],
            wanted,
            permit.first_day if permit else None,
            permit.last_day if permit else None,
            since,
            after.received_at if after else None,
            after.record_id if after else None,
            PAGE + 1,
        )
        if not rows or rows[0]["consent_version"] != granted.version:
            self._kept.grants.pop(granted.consent_id, None)
            raise Moved
        found = [candidate(row) for row in rows[:PAGE] if row["id"] is not None]
        return consent_read(rows[0], granted), found, len(rows) > PAGE

    async def agreed(self, owners: Collection[str], bank_id: str, *, now: datetime) -> list[Agreed]:
        """Return the consents that these owners have given a bank and that are in force, with what they permit."""
        if not owners:
            return []
        rows = await self._connection.fetch(AGREED, sorted(owners), bank_id)
        return [found for row in rows if (found := agreed(row, bank_id=bank_id, now=now))]

    async def leaves(self, candidates: Collection[Candidate], *, at: int) -> dict[str, reads.AnchoredLeaf]:
        """Return the leaves of those records that are final, as they are sealed, as of header `at`; by record's id."""
        ids = {each.leaf.hex(): each.id for each in candidates}

        async def read(hashes: list[str]) -> dict[str, reads.AnchoredLeaf]:
            found = await reads.leaves(self._connection, [ids[each] for each in hashes], at=at)
            return {leaf.hash.hex(): leaf for leaf in found.values() if leaf.hash.hex() in ids}

        final = await kept.completed(self._kept.leaves, ids, read, most=kept.MOST_LEAVES)
        return {ids[name]: leaf for name, leaf in final.items() if leaf.entry.anchor.height < at}

    async def keys(self, names: Collection[str], *, at: int) -> tuple[int, dict[str, bytes]]:
        """Return the height of a header, `at` or newer, and under it the proofs of those keys that the state has.

        Raises `Moved` if one of them is compromised by now: leaves are then others.
        """
        known = self._kept.keys(at)
        if all(name in known for name in names):
            return at, {name: known[name] for name in names}
        newest, found = await reads.keys(self._connection, list(names))
        if self._kept.forgets_leaves(found):
            raise Moved
        kept.keep(self._kept.keys(newest), found, most=kept.MOST_KEYS)
        return newest, found

    async def blocks(self, heights: Collection[int]) -> dict[int, evidence.BlockPart]:
        """Return what proves the blocks at `heights`, by height. Raises `Moved` if that of an old header is gone."""
        read = partial(reads.blocks, self._connection)
        found = await kept.completed(self._kept.blocks, heights, read, most=kept.MOST_BLOCKS)
        if len(found) < len(heights):
            raise Moved
        return found

    async def handovers(self, *, at: int) -> bytes:
        """Return the hand-overs that lead to header `at`, as an evidence has them."""
        if at not in self._kept.handovers:
            kept.keep(self._kept.handovers, {at: await reads.handovers(self._connection, at=at)}, most=kept.MOST_BLOCKS)
        return self._kept.handovers[at]

    async def free_again(self, consent_id: str, per_ends: datetime) -> datetime | None:
        """Return the oldest use after `per_ends`: when it leaves the window, one more is free."""
        oldest: datetime | None = await self._connection.fetchval(OLDEST_USE, consent_id, per_ends)
        return oldest


class Port:
    """The pull's way to the database."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool, self._kept = pool, Kept()
        self.final = Final(pool)

    def connections(self) -> tuple[int, int]:
        """Return how many connections are in use, and how many are open and idle."""
        idle = self._pool.get_idle_size()
        return self._pool.get_size() - idle, idle

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Reading]:
        """Read on a connection of one's own."""
        async with self._pool.acquire() as connection:
            yield Reading(connection, self._kept)
