"""Servers to measure beside the gateway: started on the servers' core, waited for, ended."""

import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from benchmarks.cores import on_servers_core
from benchmarks.load import LoadError

START_SECONDS, MOMENT_SECONDS = 30.0, 0.05


@dataclass(frozen=True, slots=True)
class Server:
    """A running server: its URL and its process."""

    url: str
    pid: int


@contextmanager
def started(command: Sequence[str], port: int, *, folder: Path | None = None) -> Iterator[Server]:
    """Run a command that listens on `port`, until the end of the block. Raises `LoadError` if it does not."""
    with on_servers_core():
        process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL)  # noqa: S603 - our own commands
    try:
        _wait(process, port)
        yield Server(f"http://localhost:{port}", process.pid)
    finally:
        process.terminate()
        process.wait()


def _wait(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1.0):
            return
        time.sleep(MOMENT_SECONDS)
    raise LoadError(f"{process.args!r} does not listen on port {port}")
