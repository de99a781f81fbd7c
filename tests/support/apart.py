"""A node whose engine and application run apart, without a supervisor: so each can be another, or fail alone."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from ledger.backends.cometbft import engine
from ledger.backends.cometbft.layout import SOCKET
from tests.support.nodes import PATIENCE_SECONDS, SNAPSHOTS_EVERY, Node

ROOT = Path(__file__).parents[2]
HONEST, LIAR = "ledger.backends.cometbft.server", "tests.support.liar"


@contextmanager
def application(
    node: Node, module: str = HONEST, *, tracer: Sequence[str] = (), **environment: str
) -> Iterator[subprocess.Popen[bytes]]:
    """Run the application of a node until the block ends, by the command `tracer` if it is given."""
    with socket.socket(socket.AF_UNIX) as listener, (node.home.root / "node.log").open("ab") as log:
        _listen(listener, node.home.root)
        process = subprocess.Popen(  # noqa: S603 - our own command
            [*tracer, sys.executable, "-m", module, ".", str(listener.fileno()), str(SNAPSHOTS_EVERY)],
            cwd=node.home.root,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            pass_fds=[listener.fileno()],
            env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        )
        with ended(process):
            yield process


@contextmanager
def comet(node: Node, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run the engine of a node until the block ends, or it does by itself."""
    with (node.home.root / "node.log").open("ab") as log:
        process = subprocess.Popen(  # noqa: S603 - the engine that was checked
            [str(engine.find()), "start", "--home", str(node.home.root)],
            cwd=node.home.root,
            stdout=log,
            stderr=log,
            env={**os.environ, **environment},
        )
        with ended(process):
            yield process


@contextmanager
def ended(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """End a process when the block ends."""
    with process:
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


def _listen(listener: socket.socket, home: Path) -> None:
    """Listen in a node's folder; its name may be too long for the address of a unix socket, so it is gone to."""
    before = Path.cwd()
    os.chdir(home)
    try:
        with suppress(FileNotFoundError):
            Path(SOCKET).unlink()
        listener.bind(SOCKET)
        listener.listen()
    finally:
        os.chdir(before)
