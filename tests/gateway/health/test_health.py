from datetime import timedelta

from sqlalchemy import Engine, create_engine, text
from sqlmodel import Session

from gateway import journal
from gateway.health.readiness import database_fault
from tests.support.app import Gateway


def queue_leaf(gateway: Gateway) -> None:
    with Session(gateway.app.state.engine) as session:
        journal.queue_leaf(session, "records", leaf=bytes(32), subject="record-1", now=gateway.clock())
        session.commit()


def test_a_process_that_answers_is_alive(gateway: Gateway) -> None:
    assert gateway.client.get("/healthz").json() == {"status": "ok"}


def test_a_gateway_with_its_database_is_ready(gateway: Gateway) -> None:
    answer = gateway.client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["status"] == "ready"
    assert answer.json()["anchoring"] == {
        "oldest_seconds": 0.0,
        "leaves": 0,
        "entries": 0,
        "rejected": 0,
        "last_height": None,
        "late": False,
    }


def test_a_worker_that_is_late_is_told_and_the_gateway_stays_ready(gateway: Gateway) -> None:
    queue_leaf(gateway)
    gateway.clock.turn(timedelta(seconds=61))
    answer = gateway.client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["anchoring"]["oldest_seconds"] == 61.0
    assert answer.json()["anchoring"]["late"] is True


def test_a_database_without_the_newest_schema_is_told(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    assert database_fault(engine) == "the database lacks the newest schema: run tidegate db upgrade"


def test_a_gateway_without_its_database_is_not_ready(gateway: Gateway) -> None:
    engine = gateway.app.state.engine
    gateway.app.state.engine = create_engine("postgresql+psycopg://nobody@/none?host=/nowhere")
    answer = gateway.client.get("/readyz")
    gateway.app.state.engine = engine
    assert answer.status_code == 503
    assert answer.json() == {"status": "unready", "reason": "the database cannot be reached"}


def test_metrics_count_by_route_and_never_by_path(gateway: Gateway) -> None:
    queue_leaf(gateway)
    gateway.client.get("/healthz")
    gateway.client.get("/no-such-path/with-an-id")
    told = gateway.client.get("/metrics").text
    assert 'tidegate_requests_total{route="/healthz",status="200"} 1.0' in told
    assert 'tidegate_requests_total{route="(no route)",status="404"} 1.0' in told
    assert "tidegate_anchoring_leaves 1.0" in told
    assert "with-an-id" not in told
