"""`tidegate doctor`: what is wrong, and what mends it."""

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import typer
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from gateway import keys
from gateway.cli.faults import FAILED
from gateway.cli.lazy import commands, examples
from gateway.cli.runtime import DataOption, database, engine_on, open_ledger, read_settings
from gateway.clock import utc_now
from gateway.health.readiness import backlog, database_fault
from gateway.keys import KeysError
from gateway.settings import Settings
from ledger.backends.base import Backend
from ledger.backends.embedded import Embedded
from ledger.errors import LedgerError
from ledger.state import rules

app = commands()
LEAST_FREE_BYTES = 1 << 30
MOST_SKEW_SECONDS = 1.0
OLDEST_BUILD = datetime(2026, 1, 1, tzinfo=UTC)
"""A clock before this was never set."""

Check = Callable[[Settings], str]
"""Returns what it found; raises `Unwell` with the fix."""


class Unwell(Exception):  # noqa: N818 - a diagnosis
    """Something is wrong; the message says what, and what mends it."""


@app.command(epilog=examples("tidegate doctor", "tidegate doctor --data /srv/tidegate"))
def doctor(data: DataOption = None) -> None:
    """Find out what is wrong.

    Looks at keys, clock, disk, database and ledger: each line says OK, or what is wrong and what mends it. Exit code
    1 if anything is wrong. Can be run while the gateway runs.
    """
    settings = read_settings(data=data)
    found = list(_lines(settings))
    for line, _ in found:
        typer.echo(line)
    if not all(well for _, well in found):
        raise typer.Exit(FAILED)


def _lines(settings: Settings) -> Iterator[tuple[str, bool]]:
    for name, check in CHECKS.items():
        try:
            yield f"OK    {name:9} {check(settings)}", True
        except Unwell as diagnosis:
            yield f"WRONG {name:9} {diagnosis}", False


def _keys(settings: Settings) -> str:
    try:
        keys.load(settings.keys_path)
    except KeysError as error:
        raise Unwell(str(error)) from None
    return f"complete, and private, in {settings.keys_path}"


def _clock(settings: Settings) -> str:
    """Compare with the monotonic clock: one that jumps while we look is being set."""
    del settings
    wall, steady = utc_now(), time.monotonic()
    time.sleep(0.1)
    skew = abs((utc_now() - wall).total_seconds() - (time.monotonic() - steady))
    if wall < OLDEST_BUILD or skew > MOST_SKEW_SECONDS:
        raise Unwell(f"it is {wall:%Y-%m-%d %H:%M:%S} UTC here: set the clock, and keep it set (chrony, ntpd)")
    return f"{wall:%Y-%m-%d %H:%M:%S} UTC; compare it with a clock you trust: a minute is too much"


def _disk(settings: Settings) -> str:
    folder = _existing(settings.data_dir)
    free = shutil.disk_usage(folder).free
    if free < LEAST_FREE_BYTES:
        raise Unwell(f"{free // (1 << 20)} MB free at {folder}: free at least {LEAST_FREE_BYTES // (1 << 20)} MB")
    return f"{free // (1 << 30)} GB free at {folder}"


def _existing(folder: Path) -> Path:
    """Return the folder, or what is above it and exists."""
    return next(each for each in (folder.absolute(), *folder.absolute().parents) if each.is_dir())


def _database(settings: Settings) -> str:
    if settings.database_url is None and not (settings.data_dir / "postgresql").is_dir():
        raise Unwell(f"there is none in {settings.data_dir} yet: tidegate serve makes it")
    try:
        with database(settings) as url:
            return _look_into(url, settings)
    except (psycopg.Error, SQLAlchemyError, RuntimeError) as error:
        raise Unwell(f"{type(error).__name__}: {str(error).splitlines()[0]}") from None


def _look_into(url: str, settings: Settings) -> str:
    with engine_on(url) as engine:
        if fault := database_fault(engine):
            raise Unwell(f"{fault}: check DATABASE_URL, or that PostgreSQL runs")
        with Session(engine) as session:
            waiting = backlog(session, now=utc_now())
    if waiting.late(settings) or waiting.rejected:
        raise Unwell("; ".join(waiting.warnings(settings)))
    return f"reached, newest schema; {waiting.leaves + waiting.entries} wait for the ledger"


def _ledger(settings: Settings) -> str:
    if not settings.ledger_nodes and not (settings.data_dir / "ledger.sqlite").is_file():
        raise Unwell(f"there is none in {settings.data_dir} yet: tidegate serve makes it")
    try:
        ledger = open_ledger(settings, keys.load(settings.keys_path))
    except KeysError as error:
        raise Unwell(f"cannot be opened without keys: {error}") from None
    except LedgerError as error:
        if "another process" in str(error):
            return "open in the worker, which checked it at its start"
        raise Unwell(str(error)) from None
    return _height(ledger)


def _height(ledger: Backend) -> str:
    with closing(ledger):
        try:
            height = ledger.height()
            value = ledger.prove([rules.KEY], height)[0].value
        except (LedgerError, LookupError) as error:
            raise Unwell(f"{error}: tidegate ledger status says how a node is") from None
    version, begins = rules.last({} if value is None else {rules.KEY: value})
    if version > rules.NEWEST:
        raise Unwell(
            f"rules of version {version} hold from height {begins} on, this is {height}: install a release that knows"
            f" version {version}; this one knows those up to version {rules.NEWEST}"
        )
    state = "intact" if ledger.engine == Embedded.engine else "answered by a node"
    return f"chain {ledger.chain}, {state} at height {height}"


CHECKS: dict[str, Check] = {
    "keys": _keys,
    "clock": _clock,
    "disk": _disk,
    "database": _database,
    "ledger": _ledger,
}
