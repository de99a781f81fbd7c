"""Nodes of a replicated ledger: real processes on loopback."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from gateway.cli.ports import free_port
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
from tests.support.links import Links

PATIENCE_SECONDS = 60.0
SNAPSHOTS_EVERY = 5
LAST_CHARACTERS = 4_000


def until(true: Callable[[], Any], what: str, *, seconds: float = PATIENCE_SECONDS) -> Any:
    """Return what `true` returns once it is true; what it raises of the ledger's is waited out."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        with suppress(LedgerError):
            if found := true():
                return found
        time.sleep(0.02)
    raise AssertionError(f"waited {seconds:g} s in vain: {what}")


def free_address() -> str:
    return f"127.0.0.1:{free_port()}"


@dataclass
class Node:
    """A node: its folder, addresses, and the supervisor's process while it runs."""

    home: Home
    address: str = field(default_factory=free_address)
    rpc: str = field(default_factory=free_address)
    process: subprocess.Popen[bytes] | None = None

    @property
    def name(self) -> str:
        return self.home.root.name

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
        """Return the process id of the `app` or the `engine`, 0 if it does not run; of the `node`, its supervisor's."""
        assert self.process is not None
        if name == "node":
            return self.process.pid
        mark = {"app": b"cometbft.server", "engine": b"start"}[name]
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        with suppress(OSError):
            return next((int(pid) for pid in children if mark in Path(f"/proc/{pid}/cmdline").read_bytes()), 0)
        return 0

    def kill(self, name: str) -> None:
        os.kill(until(lambda: self.child(name), f"the {name} runs"), signal.SIGKILL)

    def die(self) -> None:
        """Kill the node's supervisor; wait until both processes that it started have ended too."""
        assert self.process is not None
        children = [pid for pid in map(self.child, ("app", "engine")) if pid]
        self.process.kill()
        self.process.wait()
        self.process = None
        until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in children), "both processes end")

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Stop every process of the node from running, until the block ends."""
        stopped = [until(partial(self.child, name), f"the {name} runs") for name in ("node", "app", "engine")]
        for pid in stopped:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in stopped:
                os.kill(pid, signal.SIGCONT)

    def forget(self) -> None:
        """Remove a stopped node's blocks and state; what its validator signed last stays."""
        shutil.rmtree(self.home.state.parent)
        for each in self.home.data.iterdir():
            if each.is_dir():
                shutil.rmtree(each)

    def ask(self, method: str, **parameters: Any) -> Any:
        with closing(Connection(self.url)) as node:
            return node.call(method, **parameters)

    def height(self) -> int:
        return int(self.ask("status")["sync_info"]["latest_block_height"])

    def reaches(self, height: int) -> None:
        """Wait until the node has a block of that height. If it does not come to it, that says what it said last."""
        try:
            until(lambda: self.height() >= height, f"{self.name} reaches height {height}")
        except AssertionError as error:
            raise AssertionError(f"{error}; it said last:\n{self.log()[-LAST_CHARACTERS:]}") from None

    def moves(self, seconds: float) -> bool:
        """Say whether the node has another block within so many seconds."""
        with closing(Connection(self.url)) as node:
            node.follow()
            return node.wait_for(self.height() + 1, seconds)

    def app_hash(self, height: int) -> str:
        return str(self.ask("commit", height=str(height))["signed_header"]["header"]["app_hash"])

    def log(self) -> str:
        return (self.home.root / "node.log").read_text(errors="replace")


def configure(
    folder: Path, operator: Operator, *, count: int, partner: Operator | None = None, links: Links | None = None
) -> list[Node]:
    """Make the nodes of a network that `operator` founds; the first has the operator's validator key.

    The others are its own too, or those of a `partner`; with `links`, the nodes connect to each other by these.
    """
    nodes = [Node(Home(folder / f"node{number}")) for number in range(count)]
    for number, node in enumerate(nodes):
        owner, key = (partner or operator, None) if number else (operator, operator.validator.private)
        org_keys = [getattr(owner, usage).registered(usage) for usage in ("entries", "sealing", "receipts")]
        network.prepare(node.home, org=owner.org, address=node.address, org_keys=org_keys, validator=key)
    founded = found(nodes, operator)
    for node in nodes:
        join(node, founded)
        if links is not None:
            others = {other.name: other.address for other in nodes if other is not node}
            links.wire(node.home.config / "config.toml", node.name, others)
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
        for seed, node in enumerate(nodes):
            node.start(*options, PYTHONHASHSEED=str(seed))
            stack.callback(node.end)
        for node in nodes:
            node.reaches(1)
        yield


def final(backend: Backend, entry_id: str, *, seconds: float = PATIENCE_SECONDS) -> Outcome:
    """Wait until an entry is final; return its outcome."""
    outcome: Outcome = until(lambda: backend.outcome(entry_id), f"entry {entry_id} is final", seconds=seconds)
    return outcome


@dataclass
class Network:
    """Nodes, whoever governs them, a gateway's view of them, and the wires between them.

    The first node is the operator's, the others are its partner's.
    """

    operator: Operator
    partner: Operator
    nodes: list[Node]
    ledger: CometBFT
    links: Links

    def entry(self) -> bytes:
        """Return an entry that will be accepted."""
        return self.operator.entry("owner.credential_added", {"commitment": random_digest()})

    def grow(self, ledger: CometBFT | None = None, *, seconds: float = PATIENCE_SECONDS) -> int:
        """Bring an entry to the ledger; return its height."""
        seen = ledger or self.ledger
        entry = self.entry()
        seen.submit(entry)
        return final(seen, decode(entry).id, seconds=seconds).height

    def agreed(self, *more: Node) -> int:
        """Wait until all nodes have a new block; return its height, at which they have one app hash."""
        height = self.grow() + 1
        for node in (*self.nodes, *more):
            node.reaches(height)
        found = {node.app_hash(height) for node in (*self.nodes, *more)}
        assert len(found) == 1, found
        return height
