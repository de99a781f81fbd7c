"""A validator's key in two places: the ledger goes on, and everybody can see who signed twice."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.backends.cometbft import answers
from ledger.backends.cometbft import network as networks
from ledger.backends.cometbft.layout import Home
from ledger.backends.cometbft.queries import MISBEHAVIOUR
from tests.support.cli import tidegate
from tests.support.nodes import Network, Node, join, until

SEED_BYTES = 32
DUPLICATE_VOTE = "tendermint/DuplicateVoteEvidence"


def twin(network: Network, node: Node, folder: Path) -> Node:
    """Return another node, admitted by all, with the validator key of `node`."""
    stored = json.loads((node.home.config / "priv_validator_key.json").read_text())
    key = Ed25519PrivateKey.from_private_bytes(base64.b64decode(stored["priv_key"]["value"])[:SEED_BYTES])
    made = Node(Home(folder / "twin"))
    card = networks.prepare(made.home, org=network.partner.org, address=made.address, org_keys=[], validator=key)
    join(made, networks.read(node.home.network))
    for each in network.nodes:
        networks.admit(each.home, card["node"], card["address"])
    return made


def proved(node: Node) -> Any:
    return answers.query(node.ask("abci_query", path=MISBEHAVIOUR))


def test_a_validator_that_signs_twice_changes_nothing_and_is_shown(
    network: Network, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    culprit = network.nodes[3]
    copy = twin(network, culprit, tmp_path)
    with copy.started():
        copy.reaches(1)
        until(lambda: network.grow() and proved(network.nodes[0]), "the evidence stands in a block")
    network.agreed()
    found = [proved(node) for node in network.nodes]
    assert found[0]
    assert found == [found[0]] * len(found)
    first = found[0][0]
    validator = json.loads((culprit.home.config / "priv_validator_key.json").read_text())["address"]
    assert {each["validator"] for each in found[0]} == {validator}
    held = network.nodes[0].ask("block", height=str(first["committed"]))["block"]["evidence"]["evidence"]
    votes = [(each["type"], each["value"]["vote_a"]["height"]) for each in held]
    assert (DUPLICATE_VOTE, str(first["height"])) in votes
    tidegate("ledger", "status", "--home", network.nodes[0].home.root, code=0)
    assert (
        f"\nmisbehaviour   validator {validator} of shanghai signed twice at height {first['height']}; "
        f"the evidence stands in block {first['committed']}\n"
    ) in capsys.readouterr().out
