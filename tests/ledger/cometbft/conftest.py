"""A network of four validators, which all tests of this folder share. They connect to each other by wires."""

from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Any

import pytest

from ledger.backends.cometbft.client import CometBFT
from tests.support.ledger import Operator
from tests.support.links import Links
from tests.support.nodes import SNAPSHOTS_EVERY, Network, Node, configure, running

FAR = 1_000_000


class Lasting(Operator):
    """An organisation whose entries are valid however high the chain grows."""

    def entry(self, type: str, body: Mapping[str, Any], **changes: Any) -> bytes:  # noqa: A002 - as its base
        return super().entry(type, body, **{"not_after_height": FAR, **changes})


@pytest.fixture(scope="session")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    operator, partner = Lasting(chain="tidegate-four"), Lasting("shanghai", chain="tidegate-four")
    with closing(Links()) as links:
        nodes = configure(tmp_path_factory.mktemp("four"), operator, count=4, partner=partner, links=links)
        yield from _shared(nodes, operator, partner, links)


def _shared(nodes: list[Node], operator: Operator, partner: Operator, links: Links) -> Iterator[Network]:
    with (
        running(nodes, "--snapshots-every", str(SNAPSHOTS_EVERY)),
        closing(CometBFT([node.url for node in nodes], chain=operator.chain)) as ledger,
    ):
        yield Network(operator, partner, nodes, ledger, links)
