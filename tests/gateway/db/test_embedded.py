"""PostgreSQL in a folder: what becomes of it when it dies."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from gateway.db import embedded
from gateway.db.embedded import postgresql, runs
from tests.support.killing import children, command

PATIENCE_SECONDS = 60.0
KILLED = """
import os, pathlib
from gateway.db.embedded import postgresql
with postgresql(pathlib.Path({folder!r})):
    os.kill(os.getpid(), 9)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "postgresql"


@pytest.fixture
def url(folder: Path) -> Iterator[str]:
    with postgresql(folder, kept=True) as url:
        yield url


def wait_until(reached: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def answers(url: str) -> bool:
    try:
        psycopg.connect(url).close()
    except psycopg.OperationalError:
        return False
    return True


def postmaster(folder: Path) -> int:
    return int((folder / "postmaster.pid").read_text().split()[0])


def named(folder: Path, name: str) -> list[int]:
    return [pid for pid in children(postmaster(folder)) if name in "".join(command(pid))]


def test_it_is_started_again_when_it_is_killed(folder: Path, url: str, capfd: pytest.CaptureFixture[str]) -> None:
    first = postmaster(folder)
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: runs(folder) and postmaster(folder) != first and answers(url))
    assert "the database ended and is started again" in capfd.readouterr().out


def test_it_is_started_again_when_it_waits_without_end(
    folder: Path, url: str, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "STUCK_SECONDS", 1.0)
    first = postmaster(folder)
    os.kill(named(folder, "io worker")[0], signal.SIGKILL)
    wait_until(lambda: named(folder, "startup"))
    os.kill(named(folder, "startup")[0], signal.SIGKILL)
    wait_until(lambda: runs(folder) and postmaster(folder) != first and answers(url))
    assert "the database is stuck and is killed" in capfd.readouterr().out


def test_it_starts_although_another_process_bears_the_id_of_the_last_one(folder: Path) -> None:
    with postgresql(folder):
        left = (folder / "postmaster.pid").read_text()
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        (folder / "postmaster.pid").write_text("\n".join([str(other.pid), *left.splitlines()[1:], ""]))
        assert not runs(folder)
        with postgresql(folder) as url:
            assert answers(url)
            assert postmaster(folder) != other.pid
        other.communicate(b"\n")


def test_who_was_killed_does_not_keep_it_running(folder: Path) -> None:
    with postgresql(folder):
        program = KILLED.format(folder=str(folder))
        subprocess.run([sys.executable, "-c", program], check=False)  # noqa: S603 - our own program
    assert not runs(folder)
