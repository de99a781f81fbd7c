"""What is logged, as the long-running commands log it."""

import json
import logging
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import StringIO
from typing import Any

import structlog

from gateway.cli import logs
from gateway.cli.lines import Lines


@dataclass(frozen=True, slots=True)
class Logged:
    """The log so far."""

    file: StringIO
    writer: Lines

    @property
    def text(self) -> str:
        self.writer.flush()
        return self.file.getvalue()

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]

    def about(self, event: str) -> list[dict[str, Any]]:
        """Return the lines of an event."""
        return [line for line in self.lines if line["event"] == event]


class Watched(StringIO):
    """A terminal."""

    def isatty(self) -> bool:
        return True


@contextmanager
def logged(file: StringIO | None = None) -> Iterator[Logged]:
    """Log as the long-running commands do, to be looked at. A gateway must be made within."""
    file = file or StringIO()
    root = logging.getLogger()
    before = root.handlers[:], root.level, threading.excepthook, sys.unraisablehook
    yield Logged(file, logs.configure(file))
    root.handlers[:], _, threading.excepthook, sys.unraisablehook = before
    root.setLevel(before[1])
    structlog.reset_defaults()
