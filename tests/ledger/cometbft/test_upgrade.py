"""The rehearsal of an upgrade by height: three of four validators are upgraded in time, the fourth is late."""

import base64
import json
import re
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from gateway.cli.ledger_status import lines, observed
from ledger.backends.cometbft.client import CometBFT
from ledger.backends.cometbft.supervisor import OTHER_SOFTWARE
from ledger.codec import b64u
from ledger.entries import decode
from ledger.state import Code
from tests.ledger.cometbft.conftest import Lasting
from tests.support import apart
from tests.support.ledger import random_digest
from tests.support.liar import SMUGGLED
from tests.support.links import Links
from tests.support.newer import TYPE, newer
from tests.support.nodes import Network, Node, configure, final, running, until

AHEAD = 20
"""How many blocks lie between the activation and its height."""
BROUGHT = r"which comes with version 2 of the rules; at height \d+ version 1 holds"


@pytest.fixture
def founded(tmp_path: Path) -> Iterator[Network]:
    """Run four validators on today's software, each with its supervisor."""
    operator, partner = Lasting(chain="tidegate-upgraded"), Lasting("shanghai", chain="tidegate-upgraded")
    nodes = configure(tmp_path, operator, count=4, partner=partner)
    with running(nodes), closing(CometBFT([node.url for node in nodes], chain=operator.chain)) as ledger:
        yield Network(operator, partner, nodes, ledger, Links())


def upgrade(node: Node, running: ExitStack, **environment: str) -> None:
    """Stop a node, and run it on the newer software until `running` ends."""
    before = node.height()
    node.end()
    started(node, running, **environment)
    node.reaches(before)


def started(node: Node, running: ExitStack, **environment: str) -> None:
    running.enter_context(apart.application(node, "tests.support.newer", **environment))
    running.enter_context(apart.comet(node))


def noted(network: Network) -> bytes:
    """Return an entry of the type that the newer rules bring."""
    return network.operator.entry(TYPE, {"commitment": random_digest()})


def checked(node: Node, entry: bytes) -> tuple[int, str]:
    """Return what a node says of an entry when it comes: code and reason."""
    told = until(lambda: node.ask("broadcast_tx_sync", tx=base64.b64encode(entry).decode()), "the node answers")
    return told["code"], told["log"]


def smuggled(network: Network, liar: Node, entry: bytes) -> int:
    """Let a proposer put an entry into a block, whatever is said of it; return the code that it has there."""
    file = liar.home.root / SMUGGLED
    file.write_text(json.dumps([b64u(entry)]))
    seen, codes = network.grow(), list[int]()
    while not codes:
        first, seen = seen + 1, network.grow()
        blocks = [network.ledger.block(height) for height in range(first, seen + 1)]
        codes = [block.codes[block.entries.index(entry)] for block in blocks if entry in block.entries]
    file.write_text("[]")
    return codes[0]


@pytest.mark.timeout(300)
def test_an_upgrade_by_height_stops_who_is_late_and_nobody_else(founded: Network) -> None:
    *timely, late = founded.nodes
    (timely[0].home.root / SMUGGLED).write_text("[]")
    with ExitStack() as software, newer():
        begins = founded.grow() + AHEAD
        activation = founded.operator.entry("rules.activate", {"version": 2, "height": begins})
        founded.ledger.submit(activation)
        assert final(founded.ledger, decode(activation).id).code == Code.OK
        upgrade(timely[0], software, LIE="proposals")
        for node in timely[1:]:
            upgrade(node, software)

        early = noted(founded)
        told = [checked(node, early) for node in (timely[1], late)]
        assert [code for code, _ in told] == [Code.MALFORMED, Code.MALFORMED]
        assert re.fullmatch(f"entry: type: got '{TYPE}', {BROUGHT}", told[0][1])
        assert told[1][1].startswith(f"entry: type: got '{TYPE}', expected one of org.register, ")
        assert smuggled(founded, timely[0], early) == Code.MALFORMED
        assert observed(late.home)["rules"] == {"active": 1, "known": 1, "next": {"height": begins, "version": 2}}
        assert (
            f"upgrade        version 2 begins at height {begins}: install software that knows it, or this node stops"
            in lines(observed(late.home))
        )
        assert founded.agreed() < begins

        while founded.grow() < begins:
            pass
        assert late.process is not None
        assert late.process.wait(60) == OTHER_SOFTWARE
        assert (
            f"ERROR rules of version 2 hold from height {begins} on, this software knows those up to version 1:"
            f" install one that knows version 2, and start it on what is stored here\n" in late.log()
        )
        late.start()
        assert late.process.wait(60) == OTHER_SOFTWARE

        entry = noted(founded)
        founded.ledger.submit(entry)
        assert final(founded.ledger, decode(entry).id).code == Code.OK
        late.end()
        started(late, software)
        founded.agreed()
        assert observed(late.home)["rules"] == {"active": 2, "known": 2, "next": None}
