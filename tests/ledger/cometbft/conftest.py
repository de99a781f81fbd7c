"""A network of four validators, which all tests of this folder share."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from ledger.backends.cometbft.client import CometBFT
from tests.support.ledger import Operator
from tests.support.nodes import SNAPSHOTS_EVERY, Network, configure, running


@pytest.fixture(scope="session")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    operator = Operator(chain="tidegate-four")
    nodes = configure(tmp_path_factory.mktemp("four"), operator, count=4)
    with (
        running(nodes, "--snapshots-every", str(SNAPSHOTS_EVERY)),
        closing(CometBFT([node.url for node in nodes], chain=operator.chain)) as ledger,
    ):
        yield Network(operator, nodes, ledger)
