"""Four organisations' nodes and two gateways on one machine, from founding to the last process's end."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.cli.network import running
from gateway.cli.network.place import GATEWAYS, MEMBERS, Place
from gateway.cli.network.processes import Processes
from tests.support.cli import process

HELD = (
    "carriers-association has read and signed it",
    "ok Accepted at height ",
    "oceanline pushes transport-document-118.json: 1 sealed by the provider itself (bill_of_lading)",
    "ok OK: 8 records of lantern-trading, given to harbour-bank under consent",
    "the pull is refused: 401 invalid_token: the consent is revoked",
    "ok hong-kong-gateway: OK: 8 records of lantern-trading",
    "ok shanghai-gateway: OK: 8 records of lantern-trading",
    "ok the same app hash at every node; heights: harbour-bank ",
    "Every act held, at both gateways; the network is down.",
)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """Yield a network's folder; whatever runs there in the end is ended."""
    place = Place(tmp_path / "network")
    yield place.root
    running.down(place)


@pytest.mark.timeout(3600)
def test_the_story_is_told_at_two_gateways_on_one_ledger_and_everything_ends(
    home: Path, pytestconfig: pytest.Config
) -> None:
    told = process("network", "demo", "--home", home).stdout
    assert [line for line in HELD if line not in told] == []
    assert "one operator's word" not in told
    everything_has_ended(home)
    for _ in range(pytestconfig.option.network_restarts):
        assert "every founder has signed" not in process("network", "up", "--home", home).stdout
        looked = process("network", "status", "--home", home).stdout
        assert looked.endswith("at one height: the same app hash\n")
        assert process("network", "down", "--home", home).stdout == "the network is down\n"
        everything_has_ended(home)


def everything_has_ended(home: Path) -> None:
    place = Place(home)
    processes = Processes(place.processes)
    names = [f"node {member.org}" for member in MEMBERS] + [f"gateway {member.org}" for member in GATEWAYS]
    assert [name for name in names if processes.running(name)] == []
    for member in GATEWAYS:
        assert not (place.folder(member) / "data" / "postgresql" / "postmaster.pid").exists()
    looked = process("network", "status", "--home", home, code=1).stdout
    assert looked.count(" down ") == len(names)
    assert looked.endswith("at one height: not every node can be asked\n")


def test_a_folder_without_a_network_is_told(tmp_path: Path) -> None:
    refused = process("network", "status", "--home", tmp_path, code=1)
    assert refused.stderr == f"error: there is no network in {tmp_path}: tidegate network up makes one\n"
