"""What the token endpoint reads before it decides and uses up after, by asyncpg (`gateway.db.pool`).

What is used up is used by one statement, which of several requests at once one alone gets through; nobody is answered
before it is committed.
"""

import json
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import asyncpg

from gateway.consent.tables import Consent
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
    INSERT INTO usedproof (jkt, jti, expires_at) SELECT $1::text, $2, $3 WHERE $1::text IS NOT NULL
    ON CONFLICT DO NOTHING RETURNING 1
), assertion AS (
    INSERT INTO usedassertion (client_id, jti, expires_at) SELECT $4::text, $5, $6 WHERE $4::text IS NOT NULL
    ON CONFLICT DO NOTHING RETURNING 1
)
SELECT $1::text IS NULL OR EXISTS (SELECT FROM proof) AS proof,
    $4::text IS NULL OR EXISTS (SELECT FROM assertion) AS assertion
"""
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


async def use(pool: asyncpg.Pool, proof: Proof | None, assertion: Assertion | None) -> tuple[bool, bool]:
    """Use a proof and an assertion up, and say of each whether that was the first time; True for None."""
    if proof is None and assertion is None:
        return True, True
    proof_values = (proof.jkt, proof.jti, proof.expires_at) if proof else (None, None, None)
    assertion_values = (assertion.client_id, assertion.jti, assertion.expires_at) if assertion else (None, None, None)
    row = await pool.fetchrow(USE, *proof_values, *assertion_values)
    return row["proof"], row["assertion"]


async def redeem(pool: asyncpg.Pool, used: Code, given: RefreshToken) -> bool:
    """Use a code up and store the refresh token that it gives: of all who try at once, one gets True.

    The code's row stays as a tombstone.
    """
    values = (given.token_hash, given.client_id, given.scope, given.resource, given.consent_id, given.family)
    return bool(await pool.fetchval(REDEEM, used.code_hash, given.created_at, *values))
