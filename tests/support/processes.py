"""Gateways in processes of their own, as many as wanted, on one database and with one folder of keys."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gateway.cli.ports import free_port
from gateway.cli.supervision import own_command

PATIENCE_SECONDS = 60.0


@dataclass
class Process:
    """A gateway that listens at `port`."""

    port: int
    process: subprocess.Popen[bytes]

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        self.process.kill()
        self.process.wait()


@contextmanager
def gateway_process(
    database_url: str, keys: Path, folder: Path, *options: str, issuer: str | None = None, port: int | None = None
) -> Iterator[Process]:
    """Run `tidegate serve` with a database server until the block ends."""
    port = port or free_port()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TIDEGATE_")}
    environment |= {"DATABASE_URL": database_url, "TIDEGATE_KEYS_DIR": str(keys), "TIDEGATE_DATA_DIR": str(folder)}
    environment |= {"TIDEGATE_ISSUER": issuer} if issuer else {}
    log = folder / f"{port}.log"
    with log.open("ab") as written:
        process = subprocess.Popen(  # noqa: S603 - our own command
            own_command("serve", "--port", str(port), "--attached", *options),
            stdin=subprocess.PIPE,
            stdout=written,
            stderr=written,
            env=environment,
        )
    try:
        _until_it_listens(process, port, log)
        yield Process(port, process)
    finally:
        process.send_signal(signal.SIGTERM)
        if process.stdin:
            process.stdin.close()
        process.wait(PATIENCE_SECONDS)


def _until_it_listens(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        assert process.poll() is None, log.read_text()
        try:
            socket.create_connection(("127.0.0.1", port), 1.0).close()
        except OSError:
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        else:
            return
