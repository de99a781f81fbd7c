"""Two organisations found a ledger from the command line, run it, and sign its trust file."""

from pathlib import Path

import pytest

from gateway import keys
from ledger import trust
from ledger.backends.cometbft.layout import Home
from tests.support.cli import process, tidegate
from tests.support.nodes import Node


@pytest.fixture
def founders(tmp_path: Path) -> list[Node]:
    """Return the nodes of a gateway and of a bank, both with a card."""
    keys.create(tmp_path / "keys")
    nodes = [Node(Home(tmp_path / org)) for org in ("tidegate", "harbour-bank")]
    options: list[list[str | Path]] = [["--keys", tmp_path / "keys"], []]
    for node, more in zip(nodes, options, strict=True):
        place: list[str | Path] = ["--home", node.home.root, "--org", node.home.root.name, "--address", node.address]
        tidegate("ledger", "init", *place, *more, code=0)
    return nodes


def test_two_organisations_found_run_and_attest_a_ledger(
    founders: list[Node], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cards = [node.home.card for node in founders]
    tidegate("ledger", "found", *cards, "--chain", "trade", "--governance", "2", "-o", tmp_path / "net.json", code=0)
    fingerprint = capsys.readouterr().out.splitlines()[-1]
    for node in founders:
        join(node, tmp_path / "net.json")
        assert fingerprint in capsys.readouterr().out
    gateway, bank = founders
    with gateway.started(), bank.started():
        for node in founders:
            node.reaches(1)
        file = tmp_path / "trust.json"
        key = tmp_path / "keys" / "organisation.pem"
        tidegate("ledger", "status", "--home", gateway.home.root, code=0)
        assert "state          well\nchain          trade\n" in capsys.readouterr().out
        tidegate("ledger", "export-trust", file, "--home", gateway.home.root, "--key", key, code=0)
        assert capsys.readouterr().out == f"trust file   {file}\nto be signed by harbour-bank\n"
        tidegate("ledger", "export-trust", file, "--home", bank.home.root, code=0)
        signed = trust.read(file.read_bytes())
        assert capsys.readouterr().out == f"trust file   {file}\nfingerprint  {signed.fingerprint}\n"
        second = process("ledger", "node", "--home", bank.home.root, code=1)
        assert second.stderr == f"error: a node runs in {bank.home.root} already\n"
    tidegate("ledger", "status", "--home", bank.home.root, code=1)
    assert f"error: the node at {bank.url} cannot be reached" in capsys.readouterr().err


def join(node: Node, network: Path) -> None:
    tidegate("ledger", "join", network, "--home", node.home.root, "--listen", node.address, "--rpc", node.rpc, code=0)


def test_a_trust_file_that_says_something_else_is_not_signed(
    founders: list[Node], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    node = founders[1]
    tidegate(
        "ledger", "found", node.home.card, "--chain", "alone", "--governance", "1", "-o", tmp_path / "net.json", code=0
    )
    join(node, tmp_path / "net.json")
    file = tmp_path / "trust.json"
    with node.started():
        node.reaches(1)
        tidegate("ledger", "export-trust", file, "--home", node.home.root, code=0)
        file.write_bytes(file.read_bytes().replace(b'"chain":"alone"', b'"chain":"other"'))
        tidegate("ledger", "export-trust", file, "--home", node.home.root, code=1)
    assert capsys.readouterr().err == "error: the trust file states something else than this ledger: do not sign it\n"


def test_a_second_node_in_a_folder_is_refused(founders: list[Node], capsys: pytest.CaptureFixture[str]) -> None:
    root = founders[0].home.root
    tidegate("ledger", "init", "--home", root, "--org", "tidegate", "--address", "127.0.0.1:1", code=1)
    assert capsys.readouterr().err == f"error: {root} holds a node already: expected an empty folder\n"


def test_a_node_of_no_network_does_not_run(founders: list[Node], capsys: pytest.CaptureFixture[str]) -> None:
    root = founders[0].home.root
    tidegate("ledger", "node", "--home", root, code=1)
    said = capsys.readouterr().err
    assert said == f"error: {root} is no node of a network yet: tidegate ledger join makes it one\n"
