"""Four validators on one machine: they agree, survive, and are joined by a fifth."""

import shutil
from contextlib import closing
from typing import Any

import pytest

from ledger.backends.cometbft import answers
from ledger.backends.cometbft import network as networks
from ledger.backends.cometbft.client import CometBFT
from ledger.backends.cometbft.config import MAX_BLOCK_BYTES, StateSync
from ledger.backends.cometbft.layout import Home
from ledger.blocks.contents import block_id, consensus_hash
from ledger.errors import Unavailable
from ledger.verify import verify
from tests.support.evidence import NOW, Maker
from tests.support.nodes import SNAPSHOTS_EVERY, Network, Node, final, join, until


class Replicated(Maker):
    """Makes its evidence on a replicated ledger."""

    def _submit(self, type: str, body: Any) -> str:  # noqa: A002 - the entry's own member
        entry_id = super()._submit(type, body)
        final(self.ledger, entry_id)
        return entry_id


def agree(nodes: list[Node], height: int) -> bool:
    return len({node.app_hash(height) for node in nodes}) == 1


def test_an_entry_commits_on_all_nodes_with_one_app_hash(network: Network) -> None:
    height = network.grow()
    for node in network.nodes:
        with closing(CometBFT([node.url], chain=network.operator.chain)) as seen:
            until(lambda seen=seen: seen.height() > height, "the node has the block")  # type: ignore[misc]
            assert seen.block(height).entries == network.ledger.block(height).entries
    assert agree(network.nodes, height + 1)


def test_live_blocks_have_the_hashes_that_we_compute(network: Network) -> None:
    height = network.grow()
    node = network.nodes[0]
    until(lambda: node.height() > height, "the node has the next block")
    block = node.ask("block", height=str(height))
    header, last = answers.signed_header(node.ask("commit", height=str(height)))[0], block["block"]["last_commit"]
    assert header.hash().hex().upper() == block["block_id"]["hash"]
    assert header.consensus_hash == consensus_hash(max_bytes=MAX_BLOCK_BYTES, max_gas=-1)
    voted = answers.read_commit(last)
    if len(voted.signatures) == len(last["signatures"]):  # nobody was absent: then nothing was left out of it
        assert voted.hash() == header.last_commit_hash
        made = block_id(header, answers.entries(block), voted)
        assert made.parts_hash.hex().upper() == block["block_id"]["parts"]["hash"]
    network.ledger.block(height)  # verifies votes, validators, entries and results


def test_evidence_of_a_replicated_ledger_verifies_as_such(network: Network, tmp_path: Any) -> None:
    maker = Replicated(tmp_path, operator=network.operator, expires_at="2099-01-31T00:00:00Z")
    maker.ledger.close()
    maker.ledger = network.ledger  # type: ignore[assignment]
    data = maker.make()
    verdict = verify(data, maker.trust(), audience=maker.bank, require=frozenset({"cometbft"}), now=NOW)
    assert verdict.summary == f"OK: 2 records of harbour-trading, given to eastbank under consent {maker.consent}"


def test_a_gateway_goes_on_with_another_node_when_its_own_dies(network: Network) -> None:
    one, other = network.nodes[1], network.nodes[2]
    with closing(CometBFT([one.url, other.url], chain=network.operator.chain)) as seen:
        before = network.grow(seen)
        one.stop()
        assert network.grow(seen) > before
        one.start("--snapshots-every", str(SNAPSHOTS_EVERY))
        one.reaches(1)


def test_a_node_of_another_chain_is_refused(network: Network) -> None:
    with (
        closing(CometBFT([network.nodes[0].url], chain="another")) as seen,
        pytest.raises(Unavailable, match=r"is of chain 'tidegate-four', expected 'another'$"),
    ):
        seen.height()


def test_a_node_that_lost_its_state_replays_it(network: Network) -> None:
    node = network.nodes[3]
    node.stop()
    shutil.rmtree(node.home.state.parent)
    node.start("--snapshots-every", str(SNAPSHOTS_EVERY))
    network.agreed()


def test_a_node_that_was_not_admitted_gets_no_block(network: Network, tmp_path: Any) -> None:
    stranger = newcomer(network, tmp_path, admitted=False)
    refused = f"node {networks.read(stranger.home.card)['node']} is not among this node's peers"
    with stranger.started():
        until(lambda: any(refused in node.log() for node in network.nodes), "the stranger is refused")
        until(lambda: stranger.ask("status"), "the stranger answers")
        assert stranger.height() == 0


def test_a_node_joins_from_a_snapshot_and_follows(network: Network, tmp_path: Any) -> None:
    while network.grow() < 3 * SNAPSHOTS_EVERY:
        pass
    trusted = network.ledger.block(3).header
    state_sync = StateSync([node.url for node in network.nodes[:2]], trusted.height, trusted.hash().hex())
    joined = newcomer(network, tmp_path, admitted=True, state_sync=state_sync)
    with joined.started(), closing(CometBFT([joined.url], chain=network.operator.chain)) as seen:
        until(lambda: joined.height() > SNAPSHOTS_EVERY, "the node has begun")
        height = network.grow(seen) + 1
        assert agree([network.nodes[0], joined], height)
        assert int(joined.ask("status")["sync_info"]["earliest_block_height"]) > SNAPSHOTS_EVERY
        assert seen.prove(["parameters"], height)[0].value == {"chain": network.operator.chain, "governance": 1}


def newcomer(network: Network, folder: Any, *, admitted: bool, state_sync: StateSync | None = None) -> Node:
    """Return a fifth node, configured for the network."""
    node = Node(Home(folder / "fifth"))
    card = networks.prepare(node.home, org="newcomer", address=node.address, org_keys=[])
    join(node, networks.read(network.nodes[0].home.network), state_sync)
    if admitted:
        for each in network.nodes:
            networks.admit(each.home, card["node"], card["address"])
    return node


def test_a_network_is_the_same_whoever_founds_it(network: Network) -> None:
    cards = [networks.read(node.home.card) for node in network.nodes]
    founded = networks.read(network.nodes[0].home.network)
    again = networks.found(
        list(reversed(cards)),
        chain=network.operator.chain,
        governance=1,
        genesis_time=founded["genesis_time"],
    )
    assert networks.fingerprint(again) == networks.fingerprint(founded)
