"""Take in a push of 500 events, durably, beside inserting the same rows into PostgreSQL and nothing else."""

import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

from sqlalchemy import Engine, delete, insert, select
from sqlmodel import Session, SQLModel

from benchmarks.cores import on_servers_core
from benchmarks.measure import Effort, Row, microseconds
from connectors import registry
from connectors.base import Received
from gateway import keys
from gateway.clock import utc_now
from gateway.db import connect
from gateway.db.embedded import postgresql
from gateway.ingest.pushes import Push, receive
from gateway.journal.tables import Leaf
from gateway.migrations import upgrade
from gateway.records.tables import Record
from gateway.settings import Settings
from tests.support import builders, messages

EVENTS = 500


def rows(effort: Effort) -> Iterator[Row]:
    """Yield the figures."""
    with on_servers_core(), tempfile.TemporaryDirectory() as folder, postgresql(Path(folder) / "postgresql") as url:
        engine = connect(url)
        upgrade(engine)
        settings = Settings(data_dir=Path(folder))
        keys.create(settings.keys_path)
        ours = microseconds(_pushing(engine, settings), effort, each=EVENTS)
        yield Row(f"take in an event ({EVENTS} a push)", ours, "inserting the rows", _bare(engine, effort), 4)
        engine.dispose()


def _pushing(engine: Engine, settings: Settings) -> Callable[[], None]:
    """Return a push of new events, committed; each call pushes others."""
    keyring = keys.load(settings.keys_path)
    with Session(engine) as session:
        builders.carrier(session)
        builders.owner(session)
        builders.link(session)
        session.commit()
    connector = registry.get("dcsa_track_trace")

    def push() -> None:
        events = [messages.event(str(uuid.uuid4())) for _ in range(EVENTS)]
        received = Received("push", messages.body(events), carrier_code={"list": "SCAC", "code": "OCLN"})
        sent = Push(builders.CARRIER, connector, connector.endpoints[0], received, builders.OWNER, utc_now())
        with Session(engine) as session:
            receive(session, keyring, settings, sent)
            session.commit()

    return push


def _bare(engine: Engine, effort: Effort) -> float:
    """Return the time to insert one of the very rows that a push made, under other ids, committed."""
    with engine.connect() as connection:
        rows = connection.execute(select(SQLModel.metadata.tables["record"]).limit(EVENTS))
        found = [dict(row) for row in rows.mappings()]

    def store() -> None:
        with engine.begin() as connection:
            connection.execute(insert(Record), [{**row, "id": str(uuid.uuid4())} for row in found])

    with engine.begin() as connection:
        connection.execute(delete(Leaf))
    return microseconds(store, effort, each=EVENTS)
