"""The command line under test."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from gateway.cli import run


@dataclass(frozen=True, slots=True)
class EvidenceFiles:
    """An evidence and its trust file, and the bank and owner that the evidence tells of."""

    evidence: Path
    trust: Path
    bank: str
    owner: str


@contextmanager
def ends_with(code: int) -> Iterator[None]:
    """Expect the command line to end with an exit code."""
    with pytest.raises(SystemExit) as ended:
        yield
    assert ended.value.code == code


def tidegate(*arguments: str | Path, code: int) -> None:
    """Run a command in this process, which must end with `code`."""
    with ends_with(code):
        run([str(each) for each in arguments])


def process(*arguments: str | Path, code: int = 0, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command in a process of its own, which must end with `code`."""
    command = [sys.executable, "-m", "gateway", *map(str, arguments)]
    done = subprocess.run(  # noqa: S603 - our own command
        command, capture_output=True, text=True, check=False, cwd=folder
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done
