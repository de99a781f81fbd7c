"""What the token endpoint reads before it decides and uses up after, by asyncpg (`gateway.db.pool`).

What is used up is used by one statement, which of several requests at once one alone gets through; nobody is answered
before it is committed.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

import asyncpg

from gateway.consent.tables import Consent
from gateway.db.together import Together
from gateway.directory.tables import Participant
from gateway.oauth.assertions import Assertion
from gateway.oauth.clients import Client
from gateway.oauth.dpop import Proof
from gateway.oauth.tables import Code, FetchedKeys, RefreshToken
from gateway.oauth.token_server import Agreed
from ledger.codec import sha256

MOST_CLIENTS = 256
JSONB = ("roles", "identifiers", "carrier_code", "redirect_uris", "client_jwks", "sealing_jwks", "client_metadata")
OF_CONSENT = ("id", "owner_id", "state", "state_since", "version", "expires_at")


def _columns(table: str, names: Iterable[str], prefix: str = "") -> str:
    return ", ".join(f"{table}.{name} AS {prefix}{name}" for name in names)


CLIENT = f"""
SELECT {_columns("p", Participant.model_fields)}, {_columns("f", FetchedKeys.model_fields, "fetched_")}
FROM participant p LEFT JOIN fetchedkeys f ON f.uri = p.client_metadata->>'jwks_uri'
WHERE p.id = $1
"""  # noqa: S608 - put together from constants
_AGREED = """
LEFT JOIN consent c ON c.id = t.consent_id
LEFT JOIN consentversion v ON v.consent_id = c.id AND v.version = c.version
"""
_OF_AGREED = f"""{_columns("c", OF_CONSENT, "consent_")}, v.terms"""
CODE = f"""
SELECT {_columns("t", Code.model_fields, "t_")}, {_OF_AGREED} FROM code t {_AGREED} WHERE t.code_hash = $1
"""  # noqa: S608 - as above
REFRESH_TOKEN = f"""
SELECT {_columns("t", RefreshToken.model_fields, "t_")}, {_OF_AGREED} FROM refreshtoken t {_AGREED}
WHERE t.token_hash = $1
"""  # noqa: S608 - as above

USE = """
WITH proof AS (
    INSERT INTO usedproof (jkt, jti, expires_at)
    SELECT * FROM unnest($1::text[], $2::text[], $3::timestamptz[])
    ON CONFLICT DO NOTHING RETURNING jkt, jti
), assertion AS (
    INSERT INTO usedassertion (client_id, jti, expires_at)
    SELECT * FROM unnest($4::text[], $5::text[], $6::timestamptz[])
    ON CONFLICT DO NOTHING RETURNING client_id, jti
)
SELECT 'proof' AS kind, jkt AS holder, jti FROM proof UNION ALL SELECT 'assertion', client_id, jti FROM assertion
"""
"""The rows are handed over in order of their keys, so that no two of these wait for each other."""
REDEEM = f"""
WITH used AS (
    UPDATE code SET used_at = $2 WHERE code_hash = $1 AND used_at IS NULL AND expires_at > $2 RETURNING code_hash
), given AS (
    INSERT INTO refreshtoken ({", ".join(RefreshToken.model_fields)})
    SELECT $3, $4, $5, $6, $7, $8, $2::timestamptz, NULL FROM used RETURNING 1
)
SELECT count(*) FROM given
"""  # noqa: S608 - as above


async def client(pool: asyncpg.Pool, client_id: str) -> tuple[Client, FetchedKeys | None] | None:
    """Return a registered client, and the keys that were fetched from its `jwks_uri` if they were."""
    row = await pool.fetchrow(CLIENT, client_id)
    if row is None:
        return None
    fetched = None
    if row["fetched_uri"] is not None:
        fetched = FetchedKeys(**{name: row[f"fetched_{name}"] for name in FetchedKeys.model_fields})
        fetched.jwks = json.loads(row["fetched_jwks"])
    return _client(tuple(row[name] for name in Participant.model_fields)), fetched


@lru_cache(maxsize=MOST_CLIENTS)
def _client(values: tuple[Any, ...]) -> Client:
    """Return a client by its row: made once for as long as that is as it was."""
    row = dict(zip(Participant.model_fields, values, strict=True))
    return Client(Participant(**{**row, **{name: json.loads(row[name]) for name in JSONB if row[name] is not None}}))


async def code(pool: asyncpg.Pool, text: str) -> tuple[Code, Agreed | None] | None:
    """Return an authorization code, and what it stands for."""
    row = await pool.fetchrow(CODE, sha256(text.encode()))
    return (Code(**{name: row[f"t_{name}"] for name in Code.model_fields}), _agreed(row)) if row else None


async def refresh_token(pool: asyncpg.Pool, text: str) -> tuple[RefreshToken, Agreed | None] | None:
    """Return a refresh token, and what it stands for."""
    row = await pool.fetchrow(REFRESH_TOKEN, sha256(text.encode()))
    if row is None:
        return None
    return RefreshToken(**{name: row[f"t_{name}"] for name in RefreshToken.model_fields}), _agreed(row)


def _agreed(row: asyncpg.Record) -> Agreed | None:
    if row["terms"] is None:
        return None
    return Consent(**{name: row[f"consent_{name}"] for name in OF_CONSENT}), json.loads(row["terms"])


Uses = tuple[Proof | None, Assertion | None]
"""What a request uses up: its proof, and its client's assertion."""


class Used:
    """Uses proofs and assertions up, in batches."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self._together = Together(self._commit)

    async def use(self, proof: Proof | None, assertion: Assertion | None) -> tuple[bool, bool]:
        """Use both up, and say of each whether that was the first time; True for None."""
        return await self._together.put((proof, assertion))

    async def _commit(self, uses: Sequence[Uses]) -> list[tuple[bool, bool]]:
        proofs = {(proof.jkt, proof.jti): proof.expires_at for proof, _ in uses if proof}
        assertions = {(each.client_id, each.jti): each.expires_at for _, each in uses if each}
        rows = await self._pool.fetch(USE, *_arrays(proofs), *_arrays(assertions))
        first = {(row["kind"], row["holder"], row["jti"]) for row in rows}

        def is_first(*key: str) -> bool:
            found = key in first
            first.discard(key)
            return found

        return [
            (
                proof is None or is_first("proof", proof.jkt, proof.jti),
                assertion is None or is_first("assertion", assertion.client_id, assertion.jti),
            )
            for proof, assertion in uses
        ]


def _arrays(expiries: Mapping[tuple[str, str], datetime]) -> tuple[list[object], ...]:
    """Return holders, jtis and expiries in order of their keys."""
    rows = [(*key, expiries[key]) for key in sorted(expiries)]
    return tuple([row[place] for row in rows] for place in range(3))


async def redeem(pool: asyncpg.Pool, used: Code, given: RefreshToken) -> bool:
    """Use a code up and store the refresh token that it gives: of all who try at once, one gets True.

    The code's row stays as a tombstone.
    """
    values = (given.token_hash, given.client_id, given.scope, given.resource, given.consent_id, given.family)
    return bool(await pool.fetchval(REDEEM, used.code_hash, given.created_at, *values))
