"""A client's keys: registered in its file, or fetched from its `jwks_uri` and kept in the database for all processes.

They are fetched again after half a minute, and at once for a `kid` that is not among them, but for that reason no more
than once in ten seconds, whoever sends how many. A key that the client has removed is dead after a minute, also if its
server no longer answers: then the client cannot authenticate until it does.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, select

from gateway.directory.participants import check_public_keys
from gateway.directory.tables import Participant
from gateway.oauth.tables import FetchedKeys
from gateway.outbound import OutboundError, request
from gateway.settings import Networks
from ledger.codec import parse
from ledger.errors import CodecError

FRESH = timedelta(seconds=30)
DEAD = timedelta(seconds=60)
PAUSE_SECONDS = 10
PAUSE = timedelta(seconds=PAUSE_SECONDS)
MOST_BYTES = 65_536
MOST_DEPTH = 8
MOST_KEYS = 20
NONE: dict[str, Any] = {"keys": []}
Fetch = Callable[[str], dict[str, Any] | None]
_log = structlog.get_logger(__name__)


def jwks(session: Session, client: Participant, *, kid: object, now: datetime, allow: Networks) -> dict[str, Any]:
    """Return a client's keys; with that of `kid` among them if it can be had."""
    uri = client.client.jwks_uri
    if uri is None:
        return client.client_jwks
    found = kept(session.get(FetchedKeys, uri), kid=kid, now=now)
    return _usable(_refreshed(session, uri, kid=kid, now=now, allow=allow), now) if found is None else found


def kept(fetched: FetchedKeys | None, *, kid: object, now: datetime) -> dict[str, Any] | None:
    """Return the keys that were fetched last, None if they must be fetched now."""
    return None if fetched is None or _due(fetched, kid, now) else _usable(fetched, now)


def _usable(fetched: FetchedKeys, now: datetime) -> dict[str, Any]:
    return fetched.jwks if fetched.fetched_at is not None and now < fetched.fetched_at + DEAD else NONE


def _due(kept: FetchedKeys, kid: object, now: datetime) -> bool:
    """Say whether to fetch: what is kept has grown old, or lacks a key that somebody names."""
    if kept.fetched_at is None or now >= kept.fetched_at + FRESH:
        return kept.asked_at is None or now >= kept.asked_at + PAUSE
    unknown = kid is not None and all(key.get("kid") != kid for key in kept.jwks["keys"])
    return unknown and (kept.missed_at is None or now >= kept.missed_at + PAUSE)


def _refreshed(session: Session, uri: str, *, kid: object, now: datetime, allow: Networks) -> FetchedKeys:
    """Fetch the keys, one request at a time: whoever waited for another's fetch looks at what it brought first."""
    session.execute(insert(FetchedKeys).values(uri=uri, jwks=NONE).on_conflict_do_nothing())
    statement = select(FetchedKeys).where(FetchedKeys.uri == uri).with_for_update()
    kept = session.exec(statement.execution_options(populate_existing=True)).one()
    if not _due(kept, kid, now):
        return kept
    if kept.fetched_at is not None and now < kept.fetched_at + FRESH:
        kept.missed_at = now
    kept.asked_at = now
    found = fetched(uri, allow=allow)
    if found is not None:
        kept.jwks, kept.fetched_at = found, now
    session.add(kept)
    session.flush()
    return kept


def fetched(uri: str, *, allow: Networks) -> dict[str, Any] | None:
    """Return the public keys at a URI that can be used here; None, and a line in the log, if there is no JWK set."""
    try:
        answer = request("GET", uri, allow=allow, headers={"Accept": "application/json"}, most_bytes=MOST_BYTES)
        if answer.status != 200:  # noqa: PLR2004 - RFC 9110 section 15.3.1
            raise OutboundError(f"answered {answer.status}, expected 200")
        return read(answer.body)
    except (OutboundError, CodecError) as error:
        _log.warning("a client's keys could not be fetched", error=type(error).__name__)
        return None


def read(body: bytes) -> dict[str, Any]:
    """Return the public keys of a JWK set that can be used here, passing over others. Raises `CodecError`."""
    given = parse(body, max_bytes=MOST_BYTES, max_depth=MOST_DEPTH)
    if not isinstance(given, dict) or not isinstance(given.get("keys"), list):
        raise CodecError("no JWK set")
    return {"keys": [key for key in given["keys"][:MOST_KEYS] if _can_be_used(key)]}


def _can_be_used(key: object) -> bool:
    try:
        check_public_keys({"keys": [key]})
    except ValueError:
        return False
    return True
