"""A replicated ledger audited over its nodes: real ones, one that lies, and two that the same key forked."""

import base64
import shutil
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from gateway.audit.rules.entries import check_block_part
from ledger import trust
from ledger.audit.chain import Walk, agrees
from ledger.audit.findings import Finding
from ledger.backends.cometbft import answers
from ledger.backends.cometbft import network as networks
from ledger.backends.cometbft.client import CometBFT
from ledger.backends.cometbft.layout import Home
from ledger.backends.cometbft.reader import NodesReader
from ledger.errors import LedgerError, Unavailable
from ledger.evidence import block_part
from ledger.trust import Trust
from tests.support.ledger import Operator, random_digest
from tests.support.light import light_client
from tests.support.links import Links
from tests.support.lying import Change, Liar, lying
from tests.support.nodes import Network, Node, configure, join, running


def trusted(ledger: CometBFT, operator: Operator) -> Trust:
    """Return the trust file that the chain's founder signs at this moment."""
    organisations = [{"org": operator.org, "keys": [operator.entries.registered("entries")]}]
    signer = (operator.org, operator.entries.kid, operator.entries.private)
    return trust.read(trust.sign(ledger.trust(), organisations, signer))


@dataclass
class Audited:
    """A chain of one validator whose set changed once, a fork of it by the same key, and a node that may lie."""

    operator: Operator
    node: Node
    fork: Node
    liar: Liar
    first: Trust
    """The trust file as it was before the set changed."""
    last: Trust
    changed: int
    """The first height of the second set."""

    def found(self, *urls: str, by: Trust | None = None) -> list[Finding]:
        """Return what is found over nodes."""
        return found(urls, self.operator, by or self.last)

    def sentences(self, *urls: str, by: Trust | None = None) -> list[str]:
        return [each.sentence for each in self.found(*urls, by=by)]


def found(urls: Sequence[str], operator: Operator, by: Trust | None) -> list[Finding]:
    """Return what is found over nodes of a chain that has two blocks or more."""
    with NodesReader(urls, chain=operator.chain, trust=by) as reader:
        walk = Walk(reader, reader.genesis(), trust=by, first=1, last=reader.height())
        with closing(walk.replay):
            steps = list(walk.steps())
        assert len(steps) > 1
    return [each for step in steps for each in step.findings]


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Audited]:
    folder, operator = tmp_path_factory.mktemp("audited"), Operator(chain="audited")
    [node] = configure(folder, operator, count=1)
    shutil.copytree(node.home.root, folder / "fork")
    fork = Node(Home(folder / "fork"))
    join(fork, networks.read(node.home.network))
    with (
        running([node, fork]),
        lying(node) as liar,
        closing(CometBFT([node.url], chain=operator.chain)) as ledger,
        closing(Links()) as links,
    ):
        chain = Network(operator, operator, [node], ledger, links)
        chain.grow()
        first = trusted(ledger, operator)
        added = operator.entry("validator.set", {"public_key": random_digest(), "power": 1})
        ledger.submit(added)
        chain.grow()
        chain.grow()
        last = trusted(ledger, operator)
        with closing(CometBFT([fork.url], chain=operator.chain)) as forked:
            while Network(operator, operator, [fork], forked, links).grow() <= last.pinned_height:
                pass
        yield Audited(operator, node, fork, liar, first, last, last.pinned_height)


def test_nothing_is_found_over_four_nodes_that_agree(network: Network) -> None:
    for _ in range(3):
        network.grow()
    by = trusted(network.ledger, network.operator)
    assert found([node.url for node in network.nodes], network.operator, by) == []


def test_nothing_is_found_where_the_validators_changed_whichever_trust_file_is_held(audited: Audited) -> None:
    assert audited.changed > 1
    assert len(audited.last.validator_sets) == 2
    assert audited.found(audited.node.url) == []
    assert audited.found(audited.node.url, by=audited.first) == []


def test_a_trust_file_that_names_other_validators_is_contradicted(audited: Audited) -> None:
    [(_, one), (first, two)] = audited.last.validator_sets
    other = replace(audited.last, validator_sets=((1, two), (first, two)))
    assert one != two
    assert f"block {first - 1}: its validators are not those that the trust file names" in audited.sentences(
        audited.node.url, by=other
    )


def entries(result: Any) -> None:
    """Take an entry away."""
    result["block"]["data"]["txs"] = (result["block"]["data"]["txs"] or [base64.b64encode(b"{}").decode()])[1:] or [
        "e30="
    ]


def results(result: Any) -> None:
    """Say that something was refused."""
    result["txs_results"] = [{"code": 7}]


def header(result: Any) -> None:
    """Show another state."""
    result["signed_header"]["header"]["app_hash"] = "00" * 32


def votes(result: Any) -> None:
    """Forge a signature."""
    result["signed_header"]["commit"]["signatures"][0]["signature"] = base64.b64encode(bytes(64)).decode()


LIES: dict[str, tuple[str, Change, str]] = {
    "entries": ("block", entries, "block 2: the node gave other entries than were committed to"),
    "results": ("block_results", results, "block 2: the node gave other results than were committed to"),
    "header": ("commit", header, "header 3: the commit is for another header, or of another chain"),
    "votes": ("commit", votes, "signature of validator "),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_node_that_lies_is_named_and_anothers_word_is_taken(audited: Audited, lie: str) -> None:
    method, change, what = LIES[lie]
    audited.liar.lies = {method: change}
    told = audited.sentences(audited.liar.url, audited.node.url)
    audited.liar.lies = {}
    where = f"the node at {audited.liar.url}, block 2: "
    assert [each for each in told if each.startswith(where + what)]
    assert {each.partition(", block ")[0] for each in told} == {f"the node at {audited.liar.url}"}


def test_where_only_a_liar_is_asked_its_blocks_are_unreadable(audited: Audited) -> None:
    def second(result: Any) -> None:
        if result["block"]["header"]["height"] == "2":
            entries(result)

    audited.liar.lies = {"block": second}
    told = audited.sentences(audited.liar.url)
    audited.liar.lies = {}
    assert told[:2] == [
        f"the node at {audited.liar.url}, block 2: block 2: the node gave other entries than were committed to",
        "block 2: none of 1 nodes gives it as it was committed to; the state cannot be compared any more from here on",
    ]


def test_a_first_state_that_the_chain_did_not_begin_with_is_not_taken(audited: Audited) -> None:
    def genesis(result: Any) -> None:
        result["genesis"]["app_state"]["governance"] = 2

    audited.liar.lies = {"genesis": genesis}
    told = audited.sentences(audited.liar.url, audited.node.url)
    with pytest.raises(LedgerError, match=r"^none of the nodes gives the first state that the ledger began with$"):
        audited.found(audited.liar.url)
    audited.liar.lies = {}
    what = "the first state that it gives is not the one that the block begins with"
    assert told == [f"the node at {audited.liar.url}, block 1: {what}"]


def test_two_histories_that_the_same_validator_signed_are_a_fork(audited: Audited) -> None:
    [told] = audited.sentences(audited.node.url, audited.fork.url)
    assert told.startswith("block 2: two headers of this height are signed: ")
    one, other = told.removeprefix("block 2: two headers of this height are signed: ").split(", ")
    assert one.endswith(f" at {audited.node.url}")
    assert other.endswith(f" at {audited.fork.url}")


def test_a_fork_is_found_by_the_trust_file_alone(audited: Audited) -> None:
    told = audited.sentences(audited.fork.url)
    where = f"block {audited.last.pinned_height}: "
    assert told[0].startswith(f"{where}it has hash ")
    assert told[0].endswith(f", the trust file pins {audited.last.pinned_hash.hex()}")
    assert told[1] == f"{where}its validators are not those of the trust file"


def test_a_ledger_that_ends_before_the_pinned_block_is_found(audited: Audited) -> None:
    pinned = replace(audited.last, pinned_height=100_000)
    with NodesReader([audited.node.url], chain="audited", trust=pinned) as reader:
        [told] = agrees(reader, pinned)
    assert told.sentence.startswith("block 100000: the trust file pins it, the ledger ends with block ")


def test_a_node_that_is_away_is_told_of_and_the_others_are_asked(audited: Audited) -> None:
    away = "http://127.0.0.1:1"
    with NodesReader([away, audited.node.url], chain="audited", trust=None) as reader:
        assert reader.silent[away].startswith(f"the node at {away} cannot be reached: ")
        assert reader.block(1).header.height == 1
    with pytest.raises(Unavailable, match=r"^the node at http://127\.0\.0\.1:1 cannot be reached: "):
        NodesReader([away], chain="audited", trust=None)
    with pytest.raises(Unavailable, match=r" is of chain 'audited', expected 'another'$"):
        NodesReader([audited.node.url], chain="another", trust=None)


def test_the_engines_light_client_follows_the_same_change_of_validators(audited: Audited, tmp_path: Path) -> None:
    with closing(CometBFT([audited.node.url], chain="audited")) as ledger:
        trusted_header, changed = ledger.block(1).header, ledger.block(audited.changed)
    with light_client(
        "audited", tmp_path, primary=audited.node, witnesses=[audited.node], trusted=trusted_header
    ) as client:
        told, _ = answers.signed_header(client.ask("commit", height=str(changed.next.height)))
        assert told == changed.next
        assert told.validators_hash != trusted_header.validators_hash


def test_the_engines_light_client_sees_the_same_fork(audited: Audited, tmp_path: Path) -> None:
    with closing(CometBFT([audited.node.url], chain="audited")) as ledger:
        first = ledger.block(1).header
    with light_client("audited", tmp_path, primary=audited.node, witnesses=[audited.fork], trusted=first) as client:
        said = client.refuses("commit", height=str(audited.changed))
    assert "Light client received valid conflicting header from witness." in said


def test_a_stored_proof_of_a_block_may_bear_other_votes_of_enough_power(network: Network) -> None:
    block = network.ledger.block(network.grow())

    def told(votes: int) -> list[str]:
        commit = replace(block.commit, signatures=block.commit.signatures[:votes])
        part = block_part(replace(block, commit=commit))
        found = check_block_part(part.height, part.head.decode(), part.validators.decode(), block)
        return [each.what for each in found]

    assert told(3) == []
    assert told(2) == ["the proof kept of it in the database is not what the ledger says"]
