"""`tidegate audit verify`: the whole ledger, and the database against it."""

import json
import sqlite3
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Protocol

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from gateway.audit.scope import Progress as Far
from gateway.audit.scope import Scope
from gateway.audit.whole import audit
from gateway.cli.audited import scope_of
from gateway.cli.faults import CANNOT_SAY, FAILED, CommandError
from gateway.cli.lazy import commands, examples
from gateway.cli.output import console
from gateway.cli.runtime import DataOption, database, engine_on, read_settings
from gateway.cli.values import duration
from gateway.health.readiness import database_fault
from gateway.keys import KeysError
from gateway.settings import Settings
from ledger.audit.findings import Finding
from ledger.errors import LedgerError

app = commands()
MOST_TOLD = 20
"""Findings of one kind that are told; the rest are counted."""


class Teller(Protocol):
    """Says what an audit finds, and how far it is."""

    def far(self, progress: Far) -> None:
        """Say how far a stage is."""

    def found(self, finding: Finding) -> None:
        """Say what was found."""


@app.command(
    epilog=examples(
        "tidegate audit verify", "tidegate audit verify --since 24h", "tidegate audit verify --trust trust.json"
    )
)
def verify(
    data: DataOption = None,
    *,
    trust_file: Annotated[
        Path | None, typer.Option("--trust", metavar="FILE", help="The ledger's trust file (trust.json in the folder).")
    ] = None,
    since: Annotated[
        str | None, typer.Option(metavar="DURATION", help="Only look at what is newer, such as 24h or 7d.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Answer as JSON.")] = False,
) -> None:
    """Verify the whole ledger, and the database against it.

    Every block, signature and entry from the genesis on, the state machine executed again; then every batch, record,
    receipt, consent and proof in the database. Can be run while the gateway runs, and writes nothing. Exit code 0: all
    is well; 1: something was found; 2: not used as written; 3: it cannot be said.
    """
    settings, age = read_settings(data=data), duration(since) if since else None
    began, found = time.perf_counter(), _Found()
    with (
        _cannot_say(),
        _engine(settings) as engine,
        scope_of(settings, age, trust_file) as scope,
        _teller(as_json=as_json) as teller,
    ):
        for told in audit(engine, scope):
            if isinstance(told, Far):
                teller.far(told)
            elif found.add(told):
                teller.found(told)
        spent = time.perf_counter() - began
    if as_json:
        typer.echo(json.dumps(found.json(scope, spent), indent=2, ensure_ascii=False))
    else:
        _conclude(found, scope, spent)
    if found.counts:
        raise typer.Exit(FAILED)


class _Found:
    """What was found: some of each kind, and how many."""

    def __init__(self) -> None:
        self.told: list[Finding] = []
        self.counts: Counter[str] = Counter()

    def add(self, finding: Finding) -> bool:
        """Take a finding; return whether it is one of those to be told."""
        self.counts[finding.kind.name] += 1
        if self.counts[finding.kind.name] > MOST_TOLD:
            return False
        self.told.append(finding)
        return True

    def untold(self) -> Iterator[str]:
        """Yield how many more there are of each kind."""
        for kind, count in self.counts.items():
            if count > MOST_TOLD:
                yield f"{count - MOST_TOLD} more of the kind {kind}"

    def json(self, scope: Scope, seconds: float) -> dict[str, object]:
        """Return all of it as JSON."""
        return {
            "verdict": "findings" if self.counts else "well",
            "findings": [each.json() for each in self.told],
            "kinds": dict(self.counts),
            "counts": {name: scope.counts[name] for name in COUNTED},
            "not_asked": dict(scope.source.silent),
            "seconds": round(seconds, 3),
        }


COUNTED = ("blocks", "entries", "batches", "leaves", "records", "erased", "receipts", "attestations", "consents")


def _conclude(found: _Found, scope: Scope, seconds: float) -> None:
    out = console()
    for line in found.untold():
        out.print(line, markup=False)
    for why in scope.source.silent.values():
        out.print(f"not asked to the end: {why}", markup=False)
    counts = ", ".join(f"{scope.counts[name]} {name}" for name in COUNTED if name != "erased")
    erased = f" ({scope.counts['erased']} records are erased)" if scope.counts["erased"] else ""
    verdict = f"FOUND {found.counts.total()}" if found.counts else "OK"
    out.print(f"{verdict}: {counts}{erased}, in {seconds:.1f} seconds", markup=False)


@contextmanager
def _cannot_say() -> Iterator[None]:
    """Let what keeps the audit from its work end it with the exit code for that."""
    try:
        yield
    except (KeysError, LedgerError) as error:
        raise CommandError(str(error), code=CANNOT_SAY) from None
    except sqlite3.Error as error:
        raise CommandError(f"the ledger's file cannot be read: {error}", code=CANNOT_SAY) from None
    except (SQLAlchemyError, RuntimeError) as error:
        raise CommandError(f"the database cannot be read: {str(error).splitlines()[0]}", code=CANNOT_SAY) from None


@contextmanager
def _engine(settings: Settings) -> Iterator[Engine]:
    if settings.database_url is None and not (settings.data_dir / "postgresql").is_dir():
        raise CommandError(f"there is no database in {settings.data_dir}: nothing to audit", code=CANNOT_SAY)
    with database(settings) as url, engine_on(url) as engine:
        if fault := database_fault(engine):
            raise CommandError(fault, code=CANNOT_SAY)
        yield engine


@contextmanager
def _teller(*, as_json: bool) -> Iterator[Teller]:
    out = console(stderr=as_json)
    if not out.is_terminal:
        yield _Silent() if as_json else _Lines(out)
        return
    columns = (
        TextColumn("{task.description:9}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(compact=True, elapsed_when_finished=True),
    )
    with Progress(*columns, console=out) as bars:
        yield _Bars(bars, silent=as_json)


def _sentences(finding: Finding) -> Iterable[str]:
    return f"FOUND {finding.sentence}", f"      {finding.kind.meaning}", f"      {finding.kind.remedy}"


class _Silent:
    def far(self, progress: Far) -> None:
        """Say nothing."""

    def found(self, finding: Finding) -> None:
        """Say nothing: the document at the end does."""


class _Lines:
    """A line when a stage is done, and those of each finding."""

    def __init__(self, out: Console) -> None:
        self._out = out

    def far(self, progress: Far) -> None:
        """Say that a stage is done."""
        if progress.done == progress.total:
            self._out.print(f"{progress.stage}: {progress.done} looked at", markup=False)

    def found(self, finding: Finding) -> None:
        """Say what was found."""
        for line in _sentences(finding):
            self._out.print(line, markup=False)


class _Bars:
    """A bar for each stage, and above them what is found."""

    def __init__(self, bars: Progress, *, silent: bool) -> None:
        self._bars, self._silent = bars, silent
        self._tasks: dict[str, TaskID] = {}

    def far(self, progress: Far) -> None:
        """Move a bar."""
        if progress.stage not in self._tasks:
            self._tasks[progress.stage] = self._bars.add_task(progress.stage, total=progress.total)
        self._bars.update(self._tasks[progress.stage], completed=progress.done)

    def found(self, finding: Finding) -> None:
        """Say what was found."""
        if not self._silent:
            for line in _sentences(finding):
                self._bars.console.print(line, markup=False, highlight=False)
