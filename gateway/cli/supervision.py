"""The worker as a child process: started, waited for, started again if it dies, and stopped."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Annotated, Self

import structlog
import typer

from gateway.cli.faults import CommandError

STOP_SECONDS = 15.0
"""How long a child may take to end before it is killed."""
STANDARD_INPUT = 0
GO = b"go\n"
MOMENT_SECONDS = 0.1
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
"""How long to wait before a child is started again: doubled each time it dies at once."""
AttachedOption = Annotated[
    bool, typer.Option("--attached", hidden=True, help="A child process: end when standard input does.")
]
_log = structlog.get_logger(__name__)


class Child:
    """A child process that loads, waits for a word, says one line when it is ready, and ends when its input does.

    Used in a `with` statement, at whose beginning it starts to load; after `begin` it runs, and if it dies it is
    started again.
    """

    def __init__(self, command: Sequence[str], *, environment: dict[str, str]) -> None:
        self._command, self._environment = command, environment
        self._stopping = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="child watcher")

    def __enter__(self) -> Self:
        self._process = self._start()
        return self

    def begin(self) -> None:
        """Let the child begin, and wait until it is ready. Raises `CommandError` if it ends before."""
        if not self._ready():
            raise CommandError("the worker did not start; what it said stands above")
        self._watcher.start()

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> None:
        """End the child, for good. Doing it again changes nothing."""
        self._stopping.set()
        self._end()
        while self._watcher.is_alive():
            self._watcher.join(MOMENT_SECONDS)
            self._end()  # once more, if the watcher has started another one meanwhile

    @property
    def pid(self) -> int:
        """The process id of the child that runs at present."""
        return self._process.pid

    def _start(self) -> subprocess.Popen[bytes]:
        """Start the child in a session of its own: a terminal's Ctrl-C is for the parent, which then ends the child."""
        return subprocess.Popen(  # noqa: S603 - our own command
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=self._environment,
            start_new_session=True,
        )

    def _ready(self) -> bool:
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            return False
        with suppress(BrokenPipeError):
            stdin.write(GO)
            stdin.flush()
        return bool(stdout.readline())

    def _watch(self) -> None:
        pause = FIRST_PAUSE
        while True:
            code = self._process.wait()
            if self._stopping.is_set():
                return
            _log.error("the worker ended and is started again", code=code, seconds=pause)
            if self._stopping.wait(pause):
                return
            _close(self._process)
            self._process = self._start()
            pause = FIRST_PAUSE if self._ready() else min(pause * 2, LONGEST_PAUSE)

    def _end(self) -> None:
        """End the child by closing its standard input; its output last, for the watcher may be reading it."""
        process = self._process
        if process.stdin is not None:
            with suppress(BrokenPipeError):
                process.stdin.close()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            _log.error("the worker did not end and is killed", seconds=STOP_SECONDS)
            process.kill()
            process.wait()
        _close(process)


def _close(process: subprocess.Popen[bytes]) -> None:
    """Close the pipes to a process that has ended."""
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with suppress(BrokenPipeError):
                pipe.close()


def wait_for_word() -> bool:
    """Wait, as a child, until the parent lets it begin; return whether it did rather than end."""
    return bool(os.read(STANDARD_INPUT, len(GO)))


def when_orphaned(end: Callable[[], object]) -> None:
    """Call `end` once whoever started this process is gone: then the pipe on standard input ends."""

    def wait() -> None:
        while os.read(STANDARD_INPUT, 1024):  # not sys.stdin: its lock would be held while the interpreter ends
            continue
        end()

    threading.Thread(target=wait, daemon=True).start()


def own_command(*arguments: str) -> list[str]:
    """Return the command that runs this very installation's command line."""
    return [sys.executable, "-m", "gateway", *arguments]
