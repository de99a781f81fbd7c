"""The engine's own light client and our verifier, on the same heights of live nodes: they agree."""

from pathlib import Path
from typing import Any

from ledger.backends.cometbft import answers
from ledger.blocks.commits import verify_commit
from ledger.blocks.validators import validators_hash
from tests.support.light import light_client
from tests.support.nodes import Network, until


def test_the_light_client_and_we_agree_on_headers_validators_and_votes(network: Network, tmp_path: Path) -> None:
    last = network.grow()
    first, *witnesses = network.nodes
    until(lambda: all(node.height() > last for node in network.nodes), "all nodes have the blocks")
    trusted = network.ledger.block(1).header
    with light_client(network.operator.chain, tmp_path, primary=first, witnesses=witnesses, trusted=trusted) as client:
        for height in (2, last // 2 + 1, last, last + 1):
            told, votes = answers.signed_header(client.ask("commit", height=str(height)))
            ours = network.ledger.block(height - 1)
            assert (told, told.hash()) == (ours.next, ours.next.hash())
            signers = answers.validators([client.ask("validators", height=str(height), page="1", per_page="100")])
            assert validators_hash(signers) == told.validators_hash
            assert signers == ours.validators
            verify_commit(votes, chain=network.operator.chain, validators=signers)


def test_neither_takes_a_header_that_is_not_the_trusted_one(network: Network, tmp_path: Path) -> None:
    network.grow()
    first, second, *_ = network.nodes
    trusted = network.ledger.block(1).header
    wrong: dict[str, Any] = {"trusted": trusted, "claimed": bytes(31) + b"\x01"}
    with light_client(network.operator.chain, tmp_path, primary=first, witnesses=[second], **wrong) as client:
        assert client.process.wait(60) != 0
        assert "expected header's hash" in client.log()
