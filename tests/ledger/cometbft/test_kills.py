"""Nodes killed at random, and one killed at every step of its commit: what was brought in is final, and all agree.

`make prove` kills more often (`--node-kills`).
"""

import base64
import os
import random
import shutil
import signal
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing, suppress
from functools import partial
from pathlib import Path
from subprocess import Popen

import pytest

from ledger.backends.base import Outcome
from ledger.backends.cometbft.client import CometBFT
from ledger.entries import decode
from ledger.errors import LedgerError
from tests.support import apart
from tests.support.ledger import Operator, random_digest
from tests.support.nodes import SNAPSHOTS_EVERY, Network, Node, configure, final, until

Record = Callable[[str, object], None]
VICTIMS = ("app", "engine", "node")
WAITED = 0.5
"""How often an entry's end is waited for before the next kill."""
STEPS = (
    "own prevote logged",
    "own precommit logged",
    "block decided",
    "block stored",
    "end of height logged",
    "block executed",
    "results stored",
    "state of the application stored",
    "state of the engine stored",
    "block applied",
    "next height begun",
)
"""Where CometBFT can be made to fail (`fail.Fail` in its source), in the order in which a lone validator is there."""


@pytest.mark.timeout(3600)
def test_nodes_killed_at_random_come_back_and_agree(
    network: Network, pytestconfig: pytest.Config, record_property: Record
) -> None:
    times, seed = pytestconfig.option.node_kills, pytestconfig.option.seed
    dice = random.Random(seed)  # noqa: S311 - to be repeated
    kills: Counter[str] = Counter()
    entries, slowest = [], 0.0
    for _ in range(times):
        entry = network.entry()
        handed(network.ledger, entry)
        entries.append(entry)
        victim = dice.choice(VICTIMS)
        kill(dice.choice(network.nodes), victim)
        kills[victim] += 1
        if dice.random() < WAITED:
            began = time.monotonic()
            accepted(network, entry)
            slowest = max(slowest, time.monotonic() - began)
    for entry in entries:
        accepted(network, entry)
    last = network.agreed()
    for height in range(2, last + 1):
        assert len({node.app_hash(height) for node in network.nodes}) == 1, height
    record_property("seed", seed)
    for each in VICTIMS:
        record_property(f"kills of {each}", kills[each])
    record_property("blocks, of one app hash at all nodes", last)
    record_property("slowest entry to become final after a kill, seconds", round(slowest, 2))


def test_an_engine_ends_with_its_supervisor_even_if_its_application_hangs(network: Network) -> None:
    node = network.nodes[3]
    app, engine = (until(partial(node.child, name), f"the {name} runs") for name in ("app", "engine"))
    os.kill(app, signal.SIGSTOP)
    try:
        os.kill(node.child("node"), signal.SIGKILL)
        until(lambda: not Path(f"/proc/{engine}").exists(), "the engine ends")
    finally:
        os.kill(app, signal.SIGKILL)
        node.die()
        node.start("--snapshots-every", str(SNAPSHOTS_EVERY))
    network.agreed()


def test_an_engine_that_does_not_end_with_its_application_is_killed_and_both_start_again(network: Network) -> None:
    node = network.nodes[3]
    app, engine = (until(partial(node.child, name), f"the {name} runs") for name in ("app", "engine"))
    os.kill(engine, signal.SIGSTOP)
    os.kill(app, signal.SIGKILL)
    until(lambda: not Path(f"/proc/{engine}").exists(), "the engine is killed")
    network.agreed()


def handed(ledger: CometBFT, entry: bytes) -> None:
    """Hand an entry over, once a node takes it."""

    def taken() -> bool:
        ledger.submit(entry)
        return True

    until(taken, "a node takes the entry")


def kill(node: Node, victim: str) -> None:
    """Kill a process of a node; whoever starts its supervisor again is systemd elsewhere."""
    if victim == "node":
        node.die()
        node.start("--snapshots-every", str(SNAPSHOTS_EVERY))
    else:
        node.kill(victim)


def accepted(network: Network, entry: bytes) -> None:
    """Hand an entry over until it is final, as a gateway's worker does: a node may lose it with its mempool."""

    def outcome() -> Outcome | None:
        network.ledger.submit(entry)
        return network.ledger.outcome(decode(entry).id)

    assert until(outcome, "the entry is final").code == 0


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> tuple[Operator, Node]:
    """Return a validator that needs no other, with its application."""
    operator = Operator(chain="tidegate-alone")
    return operator, configure(tmp_path_factory.mktemp("alone"), operator, count=1)[0]


@pytest.fixture(scope="module")
def kept(alone: tuple[Operator, Node]) -> Node:
    with apart.application(alone[1]), apart.comet(alone[1]):
        alone[1].reaches(1)
    return alone[1]


def killed_in_a_block(operator: Operator, node: Node, process: "Popen[bytes]") -> bytes:
    """Hand an entry to a node that ends while it brings the entry into a block; return the entry."""
    entry = operator.entry("owner.credential_added", {"commitment": random_digest()})

    def ended() -> bool:
        with suppress(LedgerError):
            node.ask("broadcast_tx_sync", tx=base64.b64encode(entry).decode())
        return process.poll() is not None

    until(ended, "the process ends")
    return entry


def stored(node: Node) -> dict[int, bytes]:
    """Return the state's root after each block, as the application has them on disk."""
    with (
        suppress(sqlite3.OperationalError),
        closing(sqlite3.connect(f"file:{node.home.state}?mode=ro", uri=True)) as db,
    ):
        return dict(db.execute("SELECT height, root FROM roots"))
    return {}


def go_on(operator: Operator, node: Node, entry: bytes) -> None:
    """Run the engine; wait until the entry is final."""
    with apart.comet(node), closing(CometBFT([node.url], chain=operator.chain)) as ledger:
        handed(ledger, entry)
        assert final(ledger, decode(entry).id).code == 0


@pytest.mark.timeout(300)
def test_an_engine_killed_at_any_step_of_a_commit_goes_on_and_replays_to_the_same_app_hash(
    alone: tuple[Operator, Node], kept: Node
) -> None:
    operator = alone[0]
    with apart.application(kept):
        for place, step in enumerate(STEPS):
            seen, height = len(kept.log()), max(stored(kept))
            with apart.comet(kept, FAIL_TEST_INDEX=str(place)) as engine:
                entry = killed_in_a_block(operator, kept, engine)
            assert f"*** fail-test {place} ***" in kept.log()[seen:], step
            assert max(stored(kept)) == height + (place >= STEPS.index("state of the application stored")), step
            go_on(operator, kept, entry)
    assert_replayed(kept)


@pytest.mark.timeout(300)
def test_an_application_killed_while_it_writes_a_block_goes_on_and_replays_to_the_same_app_hash(
    alone: tuple[Operator, Node], kept: Node
) -> None:
    operator = alone[0]
    for write in (2, 5, 9):
        with ExitStack() as running:
            app = running.enter_context(apart.application(kept, tracer=killing(kept.home.state, write)))
            running.enter_context(apart.comet(kept))
            entry = killed_in_a_block(operator, kept, app)
        with apart.application(kept):
            go_on(operator, kept, entry)
    assert_replayed(kept)


def killing(file: Path, write: int) -> Sequence[str]:
    """Return the command that kills what it runs at a write to the log ahead of an SQLite file."""
    program = shutil.which("strace")
    assert program, "strace is missing: apt-get install strace"
    wal = str(file.with_name(file.name + "-wal"))
    said = str(file.parent.parent / "strace.log")
    return (program, "-f", "-o", said, "-P", wal, "-e", f"inject=pwrite64:signal=KILL:when={write}")


def assert_replayed(node: Node) -> None:
    """Execute the chain again from its genesis, in another order of hashes; assert that every state is the same."""
    before = stored(node)
    shutil.rmtree(node.home.state.parent)
    with apart.application(node, PYTHONHASHSEED="77"), apart.comet(node):
        until(lambda: max(stored(node), default=0) >= max(before), "the chain is replayed")
    assert {height: root for height, root in stored(node).items() if height in before} == before
