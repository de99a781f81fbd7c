from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session, func, select

from gateway.errors import ConflictError, InvalidError
from gateway.journal.tables import Leaf
from gateway.records import originals
from gateway.records.tables import Original, Quarantine, Record
from ledger import jws
from ledger.record import TYP, leaf
from tests.support.messages import BOOKING, body, event, transport_document
from tests.support.pushes import Carrier
from tests.support.records import CARRIER, NOW, TRADER

LATER = NOW + timedelta(hours=1)
REVISED: dict[str, Any] = {
    "eventCreatedDateTime": "2026-11-20T09:00:00+08:00",
    "eventDateTime": "2026-11-20T08:05:00+08:00",
}


def count(session: Session, table: Any) -> int:
    return session.exec(select(func.count()).select_from(table)).one()


def states(session: Session) -> list[tuple[str, str | None]]:
    found = session.exec(select(Record).order_by(Record.received_at)).all()  # type: ignore[arg-type]
    for each in found:
        session.refresh(each)
    return [(each.state, each.superseded_by) for each in found]


def test_a_record_is_sealed_by_the_gateway_and_its_leaf_is_queued(oceanline: Carrier) -> None:
    (taken,) = oceanline.push_document(transport_document(), owner=TRADER)
    found = oceanline.session.get_one(Record, taken.id)
    signed = jws.read(found.jwt, typ=TYP, max_bytes=100_000)
    jws.verify(signed, oceanline.keyring.sealing.public)
    payload = jws.payload(signed, max_bytes=100_000)
    assert (payload["iss"], payload["provider"], payload["vct"]) == (
        "tidegate",
        CARRIER,
        "urn:tidegate:bill_of_lading:1",
    )
    queued = oceanline.session.exec(select(Leaf)).one()
    assert (queued.stream, queued.subject, queued.leaf) == ("records", taken.id, leaf(found.jwt))
    assert (found.level, str(found.day)) == ("gateway_attested", "2026-11-21")


def test_the_day_of_an_event_is_that_in_utc(oceanline: Carrier) -> None:
    (taken,) = oceanline.push_events(event("a", eventDateTime="2026-11-20T07:59:00+08:00"))
    assert str(oceanline.session.get_one(Record, taken.id).day) == "2026-11-19"


def test_the_same_bytes_again_are_the_same_records(oceanline: Carrier) -> None:
    first = oceanline.push_events(event("a"), event("b"))
    again = oceanline.push_events(event("a"), event("b"), now=LATER)
    assert [each.id for each in again] == [each.id for each in first]
    assert [each.new for each in again] == [False, False]
    assert (count(oceanline.session, Record), count(oceanline.session, Original)) == (2, 1)
    assert count(oceanline.session, Leaf) == 2


def test_the_same_event_in_another_message_is_the_same_record(oceanline: Carrier) -> None:
    first = oceanline.push_events(event("a"), event("b"))
    again = oceanline.push_events(event("b"), event("c"))
    assert [each.new for each in again] == [False, True]
    assert again[0].id == first[1].id
    assert count(oceanline.session, Record) == 3


def test_the_same_event_twice_in_a_message_is_one_record(oceanline: Carrier) -> None:
    first, second = oceanline.push_events(event("a"), event("a"))
    assert (first.id, first.new, second.new) == (second.id, True, False)
    assert count(oceanline.session, Record) == 1


def test_a_later_revision_supersedes_and_keeps_the_earlier(oceanline: Carrier) -> None:
    oceanline.push_events(event("a"))
    (later,) = oceanline.push_events(event("a", **REVISED), now=LATER)
    assert later.state == "current"
    assert states(oceanline.session) == [("superseded", later.id), ("current", None)]


def test_an_older_revision_that_arrives_late_is_stored_as_superseded(oceanline: Carrier) -> None:
    (newer,) = oceanline.push_events(event("a", **REVISED))
    (older,) = oceanline.push_events(event("a"), now=LATER)
    assert older.state == "superseded"
    assert states(oceanline.session) == [("current", None), ("superseded", newer.id)]


def test_two_revisions_in_one_message_are_two_versions(oceanline: Carrier) -> None:
    first, second = oceanline.push_events(event("a"), event("a", **REVISED))
    assert (first.state, second.state) == ("superseded", "current")
    assert oceanline.session.get_one(Record, first.id).superseded_by == second.id


def test_another_content_under_the_same_revision_is_a_conflict_that_stores_nothing(oceanline: Carrier) -> None:
    oceanline.push_events(event("a"))
    message = r"is stored with another content under revision '2026-11-20T00:15:00.000000Z'; nothing of the message"
    with pytest.raises(ConflictError, match=message) as caught:
        oceanline.push_events(event("b"), event("a", emptyIndicatorCode="EMPTY"))
    assert [each["pointer"] for each in caught.value.members["errors"]] == ["/1"]
    assert count(oceanline.session, Record) == 1


def test_a_changed_document_supersedes_though_its_standard_numbers_no_revisions(oceanline: Carrier) -> None:
    oceanline.push_document(transport_document())
    (later,) = oceanline.push_document(transport_document(issueDate="2026-11-22"), now=LATER)
    assert states(oceanline.session) == [("superseded", later.id), ("current", None)]


def test_a_replayed_document_does_not_come_back_to_life(oceanline: Carrier) -> None:
    (first,) = oceanline.push_document(transport_document())
    oceanline.push_document(transport_document(issueDate="2026-11-22"), now=LATER)
    (again,) = oceanline.push_document(transport_document(), now=LATER)
    assert (again.id, again.state, again.new) == (first.id, "superseded", False)


def test_what_cannot_be_mapped_is_quarantined_with_every_fault(oceanline: Carrier) -> None:
    faulty = [event("a"), {**event("b"), "eventDateTime": "yesterday", "emptyIndicatorCode": "HALF"}]
    with pytest.raises(InvalidError, match=r"^the message has 2 fault\(s\) and made no records; see errors$") as caught:
        oceanline.push_events(*faulty)
    places = {each["pointer"] for each in caught.value.members["errors"]}
    assert places == {"/1/eventDateTime", "/1/emptyIndicatorCode"}
    assert count(oceanline.session, Record) == 0
    kept = oceanline.session.exec(select(Quarantine)).one()
    assert kept.original_id == caught.value.members["quarantine"]
    master = oceanline.keyring.records
    assert originals.faults(oceanline.session, master, kept) == caught.value.members["errors"]
    assert originals.body(oceanline.session, master, oceanline.session.exec(select(Original)).one()) == body(faulty)


def test_an_event_names_its_bookings_for_those_who_look_for_them(oceanline: Carrier) -> None:
    (taken,) = oceanline.push_events(event("a", bills=(), bookings=(BOOKING,)))
    found = oceanline.session.get_one(Record, taken.id)
    assert found.reference_keys == [f"booking|SCAC:OCLN|{BOOKING}", "container||MSKU3456789"]
    assert found.owner_keys == [f"booking|SCAC:OCLN|{BOOKING}"]
