import os
import signal
import sys
import time
from collections.abc import Callable

import pytest

from gateway.cli.faults import CommandError
from gateway.cli.supervision import Child

OBEDIENT = """
from gateway.cli.supervision import wait_for_word
if wait_for_word():
    print("ready", flush=True)
    wait_for_word()
"""
FLIGHTY = """
from gateway.cli.supervision import wait_for_word
if wait_for_word():
    print("ready", flush=True)
"""


def child(program: str) -> Child:
    return Child([sys.executable, "-c", program], environment=dict(os.environ))


def wait_until(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_child_runs_until_its_parent_is_done_with_it() -> None:
    with child(OBEDIENT) as running:
        running.begin()
        pid = running.pid
        assert alive(pid)
    assert not alive(pid)


def test_a_child_that_was_never_let_begin_ends_too() -> None:
    with child(OBEDIENT) as loading:
        pid = loading.pid
    assert not alive(pid)


def test_ending_twice_is_ending_once() -> None:
    with child(OBEDIENT) as running:
        running.begin()
        running.end()
        assert not alive(running.pid)


def test_a_child_that_dies_is_started_again(capfd: pytest.CaptureFixture[str]) -> None:
    with child(OBEDIENT) as running:
        running.begin()
        first = running.pid
        os.kill(first, signal.SIGKILL)
        wait_until(lambda: running.pid != first)
        second = running.pid
        assert alive(second)
    assert not alive(second)
    assert "the worker ended and is started again" in capfd.readouterr().out


def test_a_child_that_cannot_start_ends_the_parents_start() -> None:
    with (
        child("raise SystemExit(1)") as failing,
        pytest.raises(CommandError, match=r"^the worker did not start; what it said stands above$"),
    ):
        failing.begin()


def test_stopping_does_not_wait_for_a_child_that_keeps_dying() -> None:
    with child(FLIGHTY) as dying:
        dying.begin()
