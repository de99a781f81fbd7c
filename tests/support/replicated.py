"""Anchoring on a replicated ledger of one validator, a real node, stepped by hand."""

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import Engine
from sqlmodel import Session

from gateway.anchoring.submission import in_flight
from gateway.cli.runtime import ledger_keys
from gateway.keys import Keyring
from gateway.settings import Settings
from ledger.backends.cometbft import network
from ledger.backends.cometbft.client import CometBFT
from ledger.backends.cometbft.layout import Home
from tests.support.anchoring import Anchoring
from tests.support.app import TurnableClock
from tests.support.nodes import Node, join, running, until


class Waiting(Anchoring):
    """Steps that wait for the ledger, which makes a block when it is its time to."""

    def finish(self) -> int:
        """Take steps until nothing changes and nothing is on its way."""
        steps = 0

        def settled() -> bool:
            nonlocal steps
            steps += 1
            changed = self.step()
            with Session(self.engine) as session:
                return not changed and not in_flight(session)

        until(settled, "the ledger takes everything")
        return steps


@contextmanager
def replicated(
    engine: Engine, keyring: Keyring, settings: Settings, folder: Path, clock: TurnableClock
) -> Iterator[Anchoring]:
    """Yield anchoring on a new ledger that the gateway founds alone; its node is in `folder`."""
    node = Node(Home(folder / "node"))
    card = network.prepare(node.home, org=settings.gateway_id, address=node.address, org_keys=ledger_keys(keyring))
    began = network.now_text(time.time_ns())
    join(node, network.found([card], chain=settings.chain, governance=1, genesis_time=began))
    with running([node]), closing(CometBFT([node.url], chain=settings.chain)) as backend:
        yield Waiting(engine, backend, keyring, settings, clock)
