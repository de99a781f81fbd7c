from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from sqlalchemy import Engine
from sqlmodel import Session, select

from gateway.records.tables import Original, Record
from tests.support.messages import event, transport_document
from tests.support.pushes import Carrier
from tests.support.records import TRADER

PUSHES = 8


def at_once(oceanline: Carrier, engine: Engine, *pushes: str) -> None:
    """Push at once, each in a transaction of its own: `event` or `document`."""
    oceanline.session.commit()

    def push(what: str) -> None:
        with Session(engine) as session:
            carrier = replace(oceanline, session=session)
            if what == "event":
                carrier.push_events(event("a"))
            else:
                carrier.push_document(transport_document(), owner=TRADER)
            session.commit()

    with ThreadPoolExecutor(len(pushes)) as pool:
        list(pool.map(push, pushes))


def test_the_same_message_pushed_at_once_is_one_record(oceanline: Carrier, engine: Engine) -> None:
    at_once(oceanline, engine, *(["event"] * PUSHES))
    assert len(oceanline.session.exec(select(Record)).all()) == 1
    assert len(oceanline.session.exec(select(Original)).all()) == 1


def test_an_event_pushed_at_once_with_its_document_has_its_owner(oceanline: Carrier, engine: Engine) -> None:
    at_once(oceanline, engine, *(["event", "document"] * (PUSHES // 2)))
    assert {record.owner_id for record in oceanline.session.exec(select(Record))} == {TRADER}
