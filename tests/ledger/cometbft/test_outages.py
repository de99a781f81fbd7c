"""Validators killed, paused or cut off: one stops nothing; two stop the ledger, which goes on once they return.

One node and two are taken away in turn. What is waited for has a promise of its own, in seconds.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager

import pytest

from ledger.backends.cometbft.client import CometBFT
from ledger.entries import decode
from tests.support.nodes import SNAPSHOTS_EVERY, Network, Node, final, until

NEXT_BLOCK_SECONDS = 20.0
HEALED_SECONDS = 30.0
STILL_SECONDS = 1.5
"""How long no block is seen where thirty would otherwise be made."""
TWO_VOTED = "20/40 = 0.50"
Outage = Callable[[Network, Node], AbstractContextManager[None]]


@contextmanager
def killed(_: Network, node: Node) -> Iterator[None]:
    node.die()
    yield
    node.start("--snapshots-every", str(SNAPSHOTS_EVERY))


def paused(_: Network, node: Node) -> AbstractContextManager[None]:
    return node.paused()


def cut_off(network: Network, node: Node) -> AbstractContextManager[None]:
    return network.links.cut(node.name)


def voted(node: Node) -> str:
    """Return who has voted for a block, or for none, at the height that the node is trying to reach."""
    return str(node.ask("consensus_state")["round_state"]["height_vote_set"][0]["prevotes_bit_array"])


@pytest.mark.parametrize("outage", [killed, paused, cut_off])
def test_one_validator_away_stops_nothing_and_two_stop_the_ledger_until_they_return(
    network: Network, outage: Outage
) -> None:
    up, away = network.nodes[:2], network.nodes[2:]
    network.agreed()
    with closing(CometBFT([node.url for node in up], chain=network.operator.chain)) as ledger:
        with ExitStack() as outages:
            outages.enter_context(outage(network, away[0]))
            network.grow(ledger, seconds=NEXT_BLOCK_SECONDS)
            outages.enter_context(outage(network, away[1]))
            entry = network.entry()
            ledger.submit(entry)
            for node in up:
                until(lambda node=node: TWO_VOTED in voted(node), "both that are left have voted")  # type: ignore[misc]
            assert not up[0].moves(STILL_SECONDS)
            assert ledger.outcome(decode(entry).id) is None
        assert final(ledger, decode(entry).id, seconds=HEALED_SECONDS).code == 0
    network.agreed()
