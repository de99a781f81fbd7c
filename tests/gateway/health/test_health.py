import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import psycopg
import pytest
from sqlalchemy import Engine, create_engine, text, update
from sqlmodel import Session

from gateway import journal
from gateway.anchoring.tables import LedgerEntry
from gateway.anchoring.worker import APPLICATION
from gateway.health.readiness import database_fault
from tests.support.anchoring import Anchoring
from tests.support.app import Gateway

NO_WORKER = "no worker is connected to the database: run tidegate worker, or see why it ended in its log"
NOT_COMPARED = (
    "the database was not compared with the ledger since it was started, and nothing is pulled before: "
    "the worker does that, see its log"
)


def queue_leaf(gateway: Gateway) -> None:
    with Session(gateway.app.state.engine) as session:
        journal.queue_leaf(session, "records", leaf=bytes(32), subject="record-1", now=gateway.clock())
        session.commit()


@contextmanager
def database(gateway: Gateway, url: str) -> Iterator[None]:
    """Let the gateway be on another database meanwhile."""
    engine = gateway.app.state.engine
    gateway.app.state.engine = create_engine(url)
    yield
    gateway.app.state.engine.dispose()
    gateway.app.state.engine = engine


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port where a server takes connections and says nothing, as a machine that hangs."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield listening.getsockname()[1]


def test_a_process_that_answers_is_alive(gateway: Gateway) -> None:
    assert gateway.client.get("/healthz").json() == {"status": "ok"}


def test_a_gateway_with_its_database_is_ready(gateway: Gateway, at_work: Anchoring, database_url: str) -> None:
    at_work.finish()
    with psycopg.connect(database_url, application_name=APPLICATION):
        answer = gateway.client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ready",
        "warnings": [],
        "anchoring": {
            "oldest_seconds": 0.0,
            "leaves": 0,
            "entries": 0,
            "rejected": 0,
            "last_height": None,
            "proved_height": None,
            "workers": 1,
            "compared": True,
            "late": False,
        },
    }


def test_a_gateway_that_no_worker_has_compared_with_its_ledger_says_so(gateway: Gateway) -> None:
    answer = gateway.client.get("/readyz").json()
    assert (answer["anchoring"]["compared"], answer["warnings"]) == (False, [NO_WORKER, NOT_COMPARED])


def test_a_gateway_without_a_worker_is_ready_and_says_so(gateway: Gateway, at_work: Anchoring) -> None:
    at_work.finish()
    answer = gateway.client.get("/readyz")
    assert (answer.status_code, answer.json()["warnings"]) == (200, [NO_WORKER])


def test_a_worker_that_is_late_is_told_and_the_gateway_stays_ready(gateway: Gateway, at_work: Anchoring) -> None:
    at_work.finish()
    queue_leaf(gateway)
    gateway.clock.turn(timedelta(seconds=61))
    answer = gateway.client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["anchoring"]["oldest_seconds"] == 61.0
    assert answer.json()["anchoring"]["late"] is True
    assert answer.json()["warnings"] == [
        NO_WORKER,
        "the oldest of 1 that wait for the ledger has done so for 61 seconds, more than 60: see the worker's log",
    ]


def test_what_the_ledger_rejected_is_told(gateway: Gateway, at_work: Anchoring) -> None:
    queue_leaf(gateway)
    at_work.clock.turn(timedelta(seconds=1))
    at_work.finish()
    with Session(gateway.app.state.engine) as session:
        session.execute(update(LedgerEntry).values(state="rejected"))
        session.commit()
    answer = gateway.client.get("/readyz").json()
    assert answer["anchoring"]["rejected"] == 1
    assert answer["warnings"][1:] == ["the ledger rejected 1 entries: see the worker's log for why"]


def test_the_header_up_to_which_entries_are_proved_is_told(gateway: Gateway, at_work: Anchoring) -> None:
    queue_leaf(gateway)
    at_work.clock.turn(timedelta(seconds=1))
    at_work.finish()
    found = gateway.client.get("/readyz").json()["anchoring"]
    assert found["proved_height"] == found["last_height"] + 1


def test_a_database_without_the_newest_schema_is_told(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    assert database_fault(engine) == "the database lacks the newest schema: run tidegate db upgrade"


def test_a_gateway_without_its_database_is_not_ready(gateway: Gateway) -> None:
    with database(gateway, "postgresql+psycopg://nobody@/none?host=/nowhere"):
        answer = gateway.client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {"status": "unready", "reason": "the database cannot be reached"}


def test_a_gateway_whose_database_hangs_is_not_ready_and_shows_its_own_metrics(
    gateway: Gateway, silent_port: int
) -> None:
    gateway.app.state.settings = gateway.settings.model_copy(update={"ready_seconds": 0.2})
    with database(gateway, f"postgresql+psycopg://nobody@127.0.0.1:{silent_port}/none?connect_timeout=3"):
        answer = gateway.client.get("/readyz")
        told = gateway.client.get("/metrics").text
    assert answer.status_code == 503
    assert answer.json() == {"status": "unready", "reason": "the database does not answer within 0.2 seconds"}
    assert "tidegate_requests_total" in told
    assert "tidegate_anchoring" not in told
