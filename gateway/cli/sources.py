"""Sources that are fetched from, kept by the operator."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path

from connectors.http import fetch
from gateway.cli.faults import USAGE, CommandError
from gateway.cli.files import read_json
from gateway.cli.runtime import database, engine_on, read_settings, transaction
from gateway.clock import utc_now
from gateway.ingest import sources
from gateway.ingest.polling import Poller, describe, lag
from gateway.ingest.tables import Source
from gateway.keys import load

LONGEST_HEADER = 8192


def follow(connector: str, provider: str, url: str, *, headers: Path | None, every: int, data: Path | None) -> str:
    """Store a source; return its id. Raises `CommandError`, `GatewayError`."""
    settings = read_settings(data=data)
    keyring, sent = load(settings.keys_path), _headers(headers)
    with transaction(settings) as session:
        return sources.follow(
            session,
            keyring.records,
            connector=connector,
            provider_id=provider,
            url=url,
            headers=sent,
            every_seconds=every,
            now=utc_now(),
        )


def listed(*, data: Path | None) -> Iterator[str]:
    """Yield a line for each source, and one for what went wrong with it last."""
    with transaction(read_settings(data=data)) as session:
        for each in sources.sources(session):
            yield _line(each)
            if each.last_error:
                yield f"  {each.failures} failures in a row, the last: {each.last_error}"


def poll(source_id: str, *, data: Path | None) -> Iterator[str]:
    """Fetch from a source; yield what came of it. Raises `CommandError` if it ended early."""
    settings = read_settings(data=data)
    with database(settings) as url, engine_on(url) as engine:
        outcome = Poller(engine, load(settings.keys_path), settings, fetch, utc_now).poll(source_id)
    if outcome.error is not None:
        raise CommandError("\n".join(describe(outcome)))
    yield from describe(outcome)


def unfollow(source_id: str, *, data: Path | None) -> None:
    """Forget a source. Raises `NotFoundError`."""
    with transaction(read_settings(data=data)) as session:
        sources.unfollow(session, source_id)


def _line(source: Source) -> str:
    ago = lag(source, now=utc_now())
    when = "never" if ago is None else f"{timedelta(seconds=int(ago.total_seconds()))} ago"
    counts = f"accepted {source.accepted}, refused {source.refused}"
    return f"{source.id}  {source.connector}  {source.provider_id}  {source.url}  {counts}, fetched {when}"


def _headers(file: Path | None) -> Mapping[str, str]:
    """Read headers from a file, whose content no error repeats: it is secret."""
    if file is None:
        return {}
    try:
        found = read_json(file)
    except CommandError:
        raise CommandError(f"{file}: expected a JSON object of headers", code=USAGE) from None
    if not isinstance(found, dict) or not all(_is_header(name, value) for name, value in found.items()):
        raise CommandError(f"{file}: expected a JSON object of headers, names and values in ASCII", code=USAGE)
    return found


def _is_header(name: str, value: object) -> bool:
    token = name.replace("-", "").replace("_", "")
    if not (token.isascii() and token.isalnum() and isinstance(value, str)):
        return False
    return value.isascii() and value.isprintable() and len(value) <= LONGEST_HEADER
