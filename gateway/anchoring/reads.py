"""What a pull reads of the ledger's proofs: statements for asyncpg, and what they give.

Only what is final under the newest header A is there: an entry counts once its block lies below A, and counts for ever.
Proofs of keys are kept for the newest A alone, which may have moved on since another read: they come with its height.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from asyncpg import Connection, Record

from ledger.evidence import Anchor, BlockPart

HEAD = "SELECT height FROM keystate WHERE height IS NOT NULL LIMIT 1"
"""The height of header A: that of every key that has a proof."""

HERE = """pg_postmaster_start_time(), (SELECT oid FROM pg_database WHERE datname = current_database())::bigint,
    'comparison'::regclass::oid::bigint"""
"""What a restored database does not share with the one that it is a copy of: a server's start, or else an oid."""

COMPARED = f"EXISTS (SELECT FROM comparison WHERE (server_since, database, relation) = ({HERE}))"
"""Whether the database was compared with the ledger since then (`gateway.anchoring.comparison`)."""

ACTIVATION = """
SELECT entry_id, height, part FROM ledgerentry
WHERE subject = $1 AND version = $2 AND type IN ('consent.granted', 'consent.amended')
  AND state = 'final' AND height < $3
"""
"""The entry that activated a consent (id, version) as of header A."""

LEAVES = """
SELECT l.subject, l.part AS leaf, l.leaf AS hash, e.entry_id, e.height, e.part
FROM anchoredleaf l JOIN batch b ON b.id = l.batch_id JOIN ledgerentry e ON e.number = b.entry_number
WHERE l.subject = ANY($1) AND e.state = 'final' AND e.height < $2
"""
"""Records or receipts (ids) that are final as of header A, with the entries of their batches."""

BLOCKS = "SELECT height, head, validators FROM blockpart WHERE height = ANY($1)"
"""What proves blocks (heights). The one that proves header A is that below it."""

KEYS = "SELECT key, part, height FROM keystate WHERE key = ANY($1) AND part IS NOT NULL"
"""State proofs of keys, all under header A as it is at that moment."""

HANDOVERS = "SELECT coalesce(string_agg(part, ',' ORDER BY height), '') FROM handoverpart WHERE height < $1"
"""The changes of the validator set that lead to header A."""


@dataclass(frozen=True, slots=True)
class Anchored:
    """A final entry: its id, and its part of an evidence."""

    entry_id: str
    anchor: Anchor


@dataclass(frozen=True, slots=True)
class AnchoredLeaf:
    """A record's or receipt's place in its batch (`evidence.leaf_part`), and the batch's entry."""

    leaf: bytes
    entry: Anchored
    hash: bytes
    """What is anchored there: a record that was sealed anew has another."""


async def head(connection: Connection) -> int | None:
    """Return the height of header A, the newest under which keys are proved; None before there is one."""
    height: int | None = await connection.fetchval(HEAD)
    return height


async def activation(connection: Connection, consent_id: str, version: int, *, at: int) -> Anchored | None:
    """Return the entry that activated a consent's version, None if it is not final as of header `at`."""
    row = await connection.fetchrow(ACTIVATION, consent_id, version, at)
    return None if row is None else _anchored(row)


async def leaves(connection: Connection, subjects: Sequence[str], *, at: int) -> dict[str, AnchoredLeaf]:
    """Return those of the records or receipts that are final as of header `at`, by id."""
    rows = await connection.fetch(LEAVES, list(subjects), at)
    return {row["subject"]: AnchoredLeaf(row["leaf"].encode(), _anchored(row), row["hash"]) for row in rows}


async def blocks(connection: Connection, heights: Sequence[int]) -> dict[int, BlockPart]:
    """Return what proves the blocks at `heights`, by height."""
    rows = await connection.fetch(BLOCKS, list(heights))
    return {row["height"]: BlockPart(row["height"], row["head"].encode(), row["validators"].encode()) for row in rows}


async def keys(connection: Connection, names: Sequence[str]) -> tuple[int, dict[str, bytes]]:
    """Return the height of header A and the state proofs of keys under it; a key that the state lacks is missing."""
    rows = await connection.fetch(KEYS, list(names))
    return max((row["height"] for row in rows), default=0), {row["key"]: row["part"].encode() for row in rows}


async def handovers(connection: Connection, *, at: int) -> bytes:
    """Return the hand-overs that lead to header `at`, as an evidence has them."""
    return b"[" + str(await connection.fetchval(HANDOVERS, at)).encode() + b"]"


def _anchored(row: Record) -> Anchored:
    return Anchored(row["entry_id"], Anchor(row["height"], row["part"].encode()))
