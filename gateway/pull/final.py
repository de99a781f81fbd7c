"""The last step of a pull: one transaction for all pulls that wait at that moment, then the answers.

Reading and deciding took no lock, so here everything that may have changed since is judged again, under a lock on the
consents concerned (taken in order of id, so that two of these never wait for each other): the proof is unused, the
consent is still active in the version that was read, so are those of other parties that the answer relies upon, and
its uses are not exhausted. Whoever gets through has its
receipt stored and its leaf queued in the same transaction; nobody is answered before the commit.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import asyncpg

from gateway import figures
from gateway.anchoring import reads
from gateway.db.together import Together
from gateway.journal import CHANNEL, LEAVES

LOCK = "SELECT id FROM consent WHERE id = ANY($1::text[]) ORDER BY id FOR UPDATE"
"""A statement of its own: the one after it sees what was committed while this one waited."""

STORE = f"""
WITH asked AS (
    SELECT * FROM unnest(
        $1::int[], $2::text[], $3::text[], $4::timestamptz[], $5::text[], $6::int[], $7::bool[],
        $8::int[], $9::interval[],
        $10::int[], $11::text[], $12::text[], $13::text[], $14::bytea[], $15::timestamptz[], $16::uuid[], $17::text[]
    ) AS t(n, jkt, jti, proof_expires_at, consent_id, version, opening, frequency, per, maximum,
           receipt, bank_id, jws, leaf, at, request_id, relied)
), fresh AS (
    INSERT INTO usedproof (jkt, jti, expires_at) SELECT jkt, jti, proof_expires_at FROM asked
    ON CONFLICT DO NOTHING RETURNING jkt, jti
), standing AS (
    SELECT a.*, c.pulls,
        c.state = 'active' AND c.version = a.version AND c.expires_at > a.at
            AND {reads.COMPARED}
            AND NOT EXISTS (
                SELECT 1 FROM string_to_table(a.relied, ',') AS each(name) LEFT JOIN consent o
                    ON o.id = split_part(each.name, ':', 1) AND o.version = split_part(each.name, ':', 2)::int
                WHERE o.id IS NULL OR o.state <> 'active' OR o.expires_at <= a.at OR o.pulls >= o.maximum_pulls
            ) AS holds,
        row_number() OVER (PARTITION BY a.consent_id, a.opening ORDER BY a.n) AS place,
        (SELECT count(*) FROM receipt r
          WHERE r.consent_id = a.consent_id AND r.opening AND r.created_at > a.at - a.per) AS recent
    FROM asked a JOIN fresh USING (jkt, jti) JOIN consent c ON c.id = a.consent_id
), judged AS (
    SELECT *, CASE
        WHEN NOT holds THEN 'changed'
        WHEN opening AND pulls + place > maximum THEN 'exhausted'
        WHEN opening AND recent + place > frequency THEN 'too_often'
        ELSE 'stored' END AS outcome
    FROM standing
), stored AS (
    INSERT INTO receipt (jti, consent_id, version, bank_id, jws, opening, created_at)
    SELECT receipt, consent_id, version, bank_id, jws, opening, at FROM judged WHERE outcome = 'stored'
), queued AS (
    INSERT INTO leaf (stream, leaf, subject, created_at, request_id)
    SELECT 'receipts', leaf, receipt, at, request_id FROM judged WHERE outcome = 'stored' ORDER BY n
), used AS (
    UPDATE consent c SET pulls = c.pulls + u.uses, last_pull_at = u.at
    FROM (SELECT consent_id, count(*) FILTER (WHERE opening)::int AS uses, max(at) AS at
            FROM judged WHERE outcome = 'stored' GROUP BY consent_id) u
    WHERE c.id = u.consent_id
)
SELECT n, outcome, pg_notify('{CHANNEL}', '{LEAVES}') FROM judged
"""  # noqa: S608 - put together from constants


class Outcome(StrEnum):
    """What became of a pull in its last step."""

    STORED = "stored"
    REPLAYED = "replayed"
    CHANGED = "changed"
    EXHAUSTED = "exhausted"
    TOO_OFTEN = "too_often"


@dataclass(frozen=True, slots=True)
class Pull:
    """What the last step needs of one pull. `frequency` uses in any span of `per`; None means without limit."""

    jkt: str
    proof_jti: str
    proof_expires_at: datetime
    consent_id: str
    version: int
    opening: bool
    frequency: int | None
    per: timedelta | None
    maximum: int | None
    receipt_jti: str
    bank_id: str
    jws: str
    leaf: bytes
    at: datetime
    request_id: str | None
    relied: Collection[tuple[str, int]] = ()
    """Consents of other parties, with their versions, that must stand as they were read."""

    @property
    def locks(self) -> set[str]:
        """The consents whose rows must be locked."""
        return {self.consent_id, *(consent for consent, _ in self.relied)}

    def row(self, n: int) -> tuple[object, ...]:
        """Return the parameters of `STORE` for this pull, as number `n` of its batch."""
        return (
            n,
            self.jkt,
            self.proof_jti,
            self.proof_expires_at,
            self.consent_id,
            self.version,
            self.opening,
            self.frequency,
            self.per,
            self.maximum,
            self.receipt_jti,
            self.bank_id,
            self.jws,
            self.leaf,
            self.at,
            self.request_id,
            ",".join(f"{consent}:{version}" for consent, version in sorted(self.relied)),
        )


class Final:
    """Stores pulls in batches."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self._together = Together(self._commit)

    async def store(self, pull: Pull) -> Outcome:
        """Store the receipt of `pull` if everything still holds, and say so once it is committed.

        Raises what the database raises if it cannot commit; then nothing was stored.
        """
        return await self._together.put(pull)

    async def _commit(self, pulls: Sequence[Pull]) -> list[Outcome]:
        first: dict[tuple[str, str], int] = {}
        for n, pull in enumerate(pulls):
            first.setdefault((pull.jkt, pull.proof_jti), n)
        columns = zip(*(pulls[n].row(n) for n in first.values()), strict=True)
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(LOCK, sorted({each for pull in pulls for each in pull.locks}))
            rows = await connection.fetch(STORE, *(list(column) for column in columns))
        outcomes = [Outcome.REPLAYED] * len(pulls)
        for row in rows:
            outcomes[row["n"]] = Outcome(row["outcome"])
        figures.receipts.inc(outcomes.count(Outcome.STORED))
        return outcomes
