"""How long it takes to start: the command line, and a gateway on data that it has already."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from benchmarks.measure import Effort, Row, interleaved
from gateway.cli.demo.stage import Stage
from gateway.cli.supervision import own_command

HELP, SERVE, TYPER, FASTAPI = "tidegate --help", "tidegate serve to ready", "typer, rich", "fastapi, sqlmodel, authlib"


def rows(folder: Path, effort: Effort) -> Iterator[Row]:
    """Yield the figures; `folder` is empty, or a gateway's that does not run."""
    with Stage(folder):
        pass
    taken = interleaved(
        {
            HELP: _run(own_command("--help")),
            TYPER: _run([sys.executable, "-c", f"import {TYPER}"]),
            SERVE: lambda: _serve(folder),
            FASTAPI: _run([sys.executable, "-c", f"import {FASTAPI}"]),
        },
        effort,
    )
    yield Row(HELP, taken[HELP], f"import {TYPER}", taken[TYPER], 2)
    yield Row(SERVE, taken[SERVE], f"import {FASTAPI}", taken[FASTAPI], 4)


def _run(command: Sequence[str]) -> Callable[[], float]:
    def run() -> float:
        began = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env={**os.environ, "COLUMNS": "100"})  # noqa: S603 - our own commands
        return (time.perf_counter() - began) * 1e6

    return run


def _serve(folder: Path) -> float:
    began = time.perf_counter()
    with Stage(folder) as stage:
        spent = (time.perf_counter() - began) * 1e6
        os.kill(stage.pid, signal.SIGTERM)
        stage.wait_for_end()
    return spent
