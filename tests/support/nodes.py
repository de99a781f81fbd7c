"""Nodes of a replicated ledger: real processes on loopback."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gateway.cli.supervision import own_command
from ledger.backends.base import Backend, Outcome
from ledger.backends.cometbft import network
from ledger.backends.cometbft.client import CometBFT
from ledger.backends.cometbft.config import TESTS, Listening, StateSync
from ledger.backends.cometbft.layout import Home
from ledger.backends.cometbft.rpc import Connection
from ledger.entries import decode
from ledger.errors import LedgerError
from tests.support.ledger import Operator, random_digest

PATIENCE_SECONDS = 60.0
SNAPSHOTS_EVERY = 5


def until(true: Callable[[], Any], what: str) -> Any:
    """Return what `true` returns once it is true; what it raises of the ledger's is waited out."""
    ends = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < ends:
        with suppress(LedgerError):
            if found := true():
                return found
        time.sleep(0.02)
    raise AssertionError(f"waited {PATIENCE_SECONDS} s in vain: {what}")


def free_address() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


@dataclass
class Node:
    """A node: its folder, addresses, and the supervisor's process while it runs."""

    home: Home
    address: str = field(default_factory=free_address)
    rpc: str = field(default_factory=free_address)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://{self.rpc}"

    @property
    def listening(self) -> Listening:
        return Listening(p2p=self.address, rpc=self.rpc)

    def start(self, *options: str, **environment: str) -> None:
        with (self.home.root / "node.log").open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603 - our own command
                own_command("ledger", "node", "--home", str(self.home.root), *options),
                stdout=log,
                stderr=log,
                env={**os.environ, **environment},
            )

    @contextmanager
    def started(self, *options: str) -> Iterator[None]:
        self.start(*options)
        try:
            yield
        finally:
            self.end()

    def stop(self) -> int:
        assert self.process is not None
        self.process.terminate()
        code = self.process.wait(PATIENCE_SECONDS)
        self.process = None
        return code

    def end(self) -> None:
        if self.process is not None:
            self.stop()

    def child(self, name: str) -> int:
        """Return the process id of the `app` or the `engine`, 0 if it does not run."""
        assert self.process is not None
        mark = {"app": b"cometbft.server", "engine": b"start"}[name]
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        with suppress(OSError):
            return next((int(pid) for pid in children if mark in Path(f"/proc/{pid}/cmdline").read_bytes()), 0)
        return 0

    def kill(self, name: str) -> None:
        os.kill(until(lambda: self.child(name), f"the {name} runs"), signal.SIGKILL)

    def up(self) -> None:
        """Wait until the node has a block."""
        until(lambda: self.height() >= 1, "a node comes up")

    def ask(self, method: str, **parameters: Any) -> Any:
        node = Connection(self.url)
        try:
            return node.call(method, **parameters)
        finally:
            node.close()

    def height(self) -> int:
        return int(self.ask("status")["sync_info"]["latest_block_height"])

    def app_hash(self, height: int) -> str:
        return str(self.ask("commit", height=str(height))["signed_header"]["header"]["app_hash"])

    def log(self) -> str:
        return (self.home.root / "node.log").read_text(errors="replace")


def configure(folder: Path, operator: Operator, *, count: int) -> list[Node]:
    """Make the nodes of a network that `operator` founds; the first has the operator's validator key."""
    nodes = [Node(Home(folder / f"node{number}")) for number in range(count)]
    org_keys = [getattr(operator, usage).registered(usage) for usage in ("entries", "sealing", "receipts")]
    for number, node in enumerate(nodes):
        key = None if number else operator.validator.private
        network.prepare(node.home, org=operator.org, address=node.address, org_keys=org_keys, validator=key)
    founded = found(nodes, operator)
    for node in nodes:
        join(node, founded)
    return nodes


def found(nodes: Sequence[Node], operator: Operator) -> dict[str, Any]:
    cards = [network.read(node.home.card) for node in nodes]
    return network.found(cards, chain=operator.chain, governance=1, genesis_time=network.now_text(time.time_ns()))


def join(node: Node, founded: dict[str, Any], state_sync: StateSync | None = None) -> None:
    network.join(node.home, founded, listening=node.listening, timing=TESTS, loopback=True, state_sync=state_sync)


@contextmanager
def running(nodes: Sequence[Node], *options: str) -> Iterator[None]:
    """Run nodes, each with a block when the block begins; stop what still runs at its end."""
    with ExitStack() as stack:
        for node in nodes:
            node.start(*options)
            stack.callback(node.end)
        for node in nodes:
            node.up()
        yield


def final(backend: Backend, entry_id: str) -> Outcome:
    """Wait until an entry is final; return its outcome."""
    outcome: Outcome = until(lambda: backend.outcome(entry_id), f"entry {entry_id} is final")
    return outcome


@dataclass
class Network:
    """Nodes, whoever governs them, and a gateway's view of them."""

    operator: Operator
    nodes: list[Node]
    ledger: CometBFT

    def grow(self, ledger: CometBFT | None = None) -> int:
        """Bring an entry to the ledger; return its height."""
        seen = ledger or self.ledger
        entry = self.operator.entry("owner.credential_added", {"commitment": random_digest()})
        seen.submit(entry)
        return final(seen, decode(entry).id).height
