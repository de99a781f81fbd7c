"""Lines of the log, written by a thread of its own: no request waits for, or fails by, whoever reads them."""

import atexit
import threading
import time
from collections import deque
from contextlib import suppress
from typing import TextIO

from gateway import figures

MOST = 10_000
"""Lines that may wait. If whoever reads is slower for long, the oldest are lost, and counted."""
PAUSE_SECONDS = 0.02
"""How long lines are gathered, to be written at once."""
PATIENCE_SECONDS = 1.0
"""How long the end of the process waits for a reader that is stuck."""


class Lines:
    """A logger for structlog to print to; each of its methods takes a line."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._waiting: deque[str] = deque(maxlen=MOST)
        self._some, self._writing = threading.Event(), threading.Lock()
        threading.Thread(target=self._run, name="log", daemon=True).start()
        atexit.register(self.flush)

    def info(self, line: str) -> None:
        """Have a line written shortly."""
        if len(self._waiting) == MOST:
            figures.lost_lines.inc()
        self._waiting.append(line)
        if not self._some.is_set():
            self._some.set()

    debug = warning = error = critical = info

    def flush(self) -> None:
        """Write what waits, unless the reader is stuck. What cannot be written, as to a full disk, is lost."""
        if not self._writing.acquire(timeout=PATIENCE_SECONDS):
            return
        try:
            while self._waiting:
                lines = [self._waiting.popleft() for _ in range(len(self._waiting))]
                with suppress(OSError, ValueError):  # closed at the other end, or here as the process ends
                    self._file.write("\n".join([*lines, ""]))
                    self._file.flush()
        finally:
            self._writing.release()

    def _run(self) -> None:
        while self._some.wait():
            time.sleep(PAUSE_SECONDS)
            self._some.clear()
            self.flush()
