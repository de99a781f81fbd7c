"""From the moment at which a record is acknowledged until its evidence can be pulled, by a real worker and database."""

import statistics
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import Engine
from sqlmodel import Session, col, func, select

from benchmarks.ledger.figures import Effort, Figure
from benchmarks.ledger.nodes import slow_down
from connectors import registry
from connectors.base import Received
from gateway import keys
from gateway.anchoring.tables import LedgerEntry
from gateway.anchoring.worker import Worker
from gateway.cli.runtime import ledger_keys
from gateway.clock import utc_now
from gateway.db import connect
from gateway.db.embedded import postgresql
from gateway.ingest.pushes import Push, receive
from gateway.journal.tables import Leaf
from gateway.keys import Keyring
from gateway.migrations import upgrade
from gateway.settings import Settings
from ledger.backends.cometbft import network
from ledger.backends.cometbft.client import CometBFT
from ledger.backends.cometbft.config import PRODUCTION, TESTS
from ledger.backends.cometbft.layout import Home
from tests.support import builders, messages
from tests.support.ledger import Operator
from tests.support.nodes import Node, found, join, running, until

CHAIN = "tidegate-waiting"


def figures(folder: Path, effort: Effort) -> Iterator[Figure]:
    """Yield the figure, with the waiting times of production: 500 ms from a commit to the next block."""
    settings = Settings(data_dir=folder, chain=CHAIN)
    keys.create(settings.keys_path)
    keyring = keys.load(settings.keys_path)
    nodes = _nodes(folder, settings, keyring, effort.nodes)
    with (
        postgresql(folder / "postgresql") as url,
        running(nodes),
        closing(CometBFT([node.url for node in nodes], chain=CHAIN)) as ledger,
    ):
        engine = connect(url)
        upgrade(engine)
        with _working(Worker(engine, ledger, keyring, settings, utc_now)):
            _introduce(engine)
            until(lambda: _nothing_waits(engine), "the ledger knows everybody")
            waited = [_seconds(engine, keyring, settings) for _ in range(effort.pushes)]
        engine.dispose()
    yield Figure("record acknowledged to evidence available, p50", statistics.median(waited), "s", goal=1.5)


def _nodes(folder: Path, settings: Settings, keyring: Keyring, count: int) -> list[Node]:
    nodes = [Node(Home(folder / f"node{number}")) for number in range(count)]
    for number, node in enumerate(nodes):
        org, org_keys = (f"founder-{number}", []) if number else (settings.gateway_id, ledger_keys(keyring))
        network.prepare(node.home, org=org, address=node.address, org_keys=org_keys)
    founded = found(nodes, Operator(chain=CHAIN))
    for node in nodes:
        join(node, founded)
        slow_down(node, TESTS, PRODUCTION)
    return nodes


@contextmanager
def _working(worker: Worker) -> Iterator[None]:
    thread = threading.Thread(target=worker.run, name="worker")
    thread.start()
    try:
        yield
    finally:
        worker.stop()
        thread.join()


def _introduce(engine: Engine) -> None:
    with Session(engine) as session:
        builders.carrier(session)
        builders.owner(session)
        builders.link(session)
        session.commit()


def _seconds(engine: Engine, keyring: Keyring, settings: Settings) -> float:
    """Push an event; return how long it takes from there until nothing waits for the ledger."""
    connector = registry.get("dcsa_track_trace")
    body = messages.body([messages.event(str(uuid.uuid4()))])
    received = Received("push", body, carrier_code={"list": "SCAC", "code": "OCLN"})
    with Session(engine) as session:
        push = Push(builders.CARRIER, connector, connector.endpoints[0], received, builders.OWNER, utc_now())
        receive(session, keyring, settings, push)
        session.commit()
    began = time.perf_counter()
    until(lambda: _nothing_waits(engine), "the record is anchored")
    return time.perf_counter() - began


def _nothing_waits(engine: Engine) -> bool:
    with Session(engine) as session:
        leaves = session.exec(select(func.count()).select_from(Leaf)).one()
        open_ = col(LedgerEntry.state).in_(("waiting", "submitted"))
        return not leaves and not session.exec(select(func.count()).select_from(LedgerEntry).where(open_)).one()
