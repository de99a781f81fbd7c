"""Sources: a standard's APIs that are fetched from for a provider. Where each stands, and when it is due."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from connectors import registry
from connectors.base import Polled
from connectors.http import check_base_url
from gateway.directory.participants import participant
from gateway.errors import ConflictError, InvalidError, NotFoundError
from gateway.ingest.tables import Source
from gateway.records import crypto
from ledger.codec import b64u

ID_BYTES = 16
SHORTEST_SECONDS, LONGEST_SECONDS = 5, 86_400
LONGEST_ERROR = 500
MOST_DOUBLINGS = 10


@dataclass(frozen=True, slots=True)
class Stand:
    """Where a source stands: everything that a request needs."""

    id: str
    provider_id: str
    connector: Polled
    url: str
    headers: Mapping[str, str]
    cursor: str | None


def follow(
    session: Session,
    master: bytes,
    *,
    connector: str,
    provider_id: str,
    url: str,
    headers: Mapping[str, str],
    every_seconds: int,
    now: datetime,
) -> str:
    """Store a source that is fetched from at once and then every so many seconds; return its id.

    Raises `InvalidError`, `NotFoundError`, or `ConflictError` if the provider's API is followed already.
    """
    polled(connector)
    participant(session, provider_id, role="provider")
    try:
        check_base_url(url)
    except ValueError as error:
        raise InvalidError(str(error)) from None
    if not SHORTEST_SECONDS <= every_seconds <= LONGEST_SECONDS:
        raise InvalidError(f"every {every_seconds} seconds: expected {SHORTEST_SECONDS} to {LONGEST_SECONDS}")
    same = select(Source).where(Source.provider_id == provider_id, Source.connector == connector, Source.url == url)
    if (found := session.exec(same).first()) is not None:
        raise ConflictError(f"{url} is followed for {provider_id!r} already, as source {found.id}")
    made = b64u(secrets.token_bytes(ID_BYTES))
    secret = crypto.encrypt(master, json.dumps(dict(headers)).encode(), context=_context(made))
    session.add(
        Source(
            id=made,
            provider_id=provider_id,
            connector=connector,
            url=url,
            headers=secret,
            every_seconds=every_seconds,
            next_at=now,
            created_at=now,
        )
    )
    session.flush()
    return made


def polled(name: str) -> Polled:
    """Return a connector whose standard has an API to fetch from. Raises `InvalidError` naming the known ones."""
    known = {each: found for each in registry.names() if isinstance(found := registry.get(each), Polled)}
    if name not in known:
        raise InvalidError(f"connector {name!r} has no API to fetch from; those that have: {', '.join(known)}")
    return known[name]


def unfollow(session: Session, source_id: str) -> None:
    """Forget a source; what was fetched stays. Raises `NotFoundError`."""
    session.delete(_source(session, source_id))


def sources(session: Session) -> list[Source]:
    """Return all sources, oldest first."""
    return list(session.exec(select(Source).order_by(col(Source.created_at), col(Source.id))))


def due(session: Session, *, now: datetime) -> list[str]:
    """Return the ids of the sources that are due, the longest waiting first."""
    return list(session.exec(select(Source.id).where(Source.next_at <= now).order_by(col(Source.next_at))))


def stand(session: Session, master: bytes, source_id: str) -> Stand:
    """Return where a source stands. Raises `NotFoundError`."""
    found = _source(session, source_id)
    headers = json.loads(crypto.decrypt(master, found.headers, context=_context(found.id)))
    return Stand(found.id, found.provider_id, polled(found.connector), found.url, headers, found.cursor)


def locked(session: Session, at: Stand) -> Source | None:
    """Return the source for update; None if another has moved it on since, or it is followed no longer."""
    found = session.exec(select(Source).where(Source.id == at.id).with_for_update()).first()
    return found if found is not None and found.cursor == at.cursor else None


def failed(session: Session, source_id: str, message: str, *, pause: float | None, now: datetime) -> None:
    """Note that a source could not be fetched from: it is tried again after its interval, doubled each time."""
    found = session.exec(select(Source).where(Source.id == source_id).with_for_update()).first()
    if found is None:
        return
    wait = found.every_seconds * 2 ** min(found.failures, MOST_DOUBLINGS)
    found.failures += 1
    found.last_error = message[:LONGEST_ERROR]
    found.next_at = now + timedelta(seconds=max(min(wait, LONGEST_SECONDS), pause or 0))
    session.add(found)


def _source(session: Session, source_id: str) -> Source:
    found = session.get(Source, source_id)
    if found is None:
        raise NotFoundError(f"no source {source_id!r}; see: tidegate connector sources")
    return found


def _context(source_id: str) -> str:
    return f"headers of source {source_id}"
