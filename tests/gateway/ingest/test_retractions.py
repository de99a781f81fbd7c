"""Events that change and that never were: DCSA Track & Trace 3.0, where the newest eventUpdatedDateTime wins."""

import itertools
from typing import Any

import pytest

from gateway.records.tables import Record
from tests.support.messages import body, transport_document
from tests.support.messages_track_trace_3 import updated
from tests.support.pushes import Carrier
from tests.support.records import TRADER

FIRST = updated("one", at="2026-11-20T09:00:00Z")
SECOND = updated("one", at="2026-11-20T10:00:00Z", eventDateTime="2026-11-20T08:05:00+08:00")
RETRACTED = {**updated("one", at="2026-11-20T11:00:00Z"), "isRetracted": True}
AT_ONCE = {**updated("one", at="2026-11-20T10:00:00Z"), "isRetracted": True}


def push(carrier: Carrier, *events: Any) -> list[str]:
    return [each.id for each in carrier.push("dcsa_track_trace_3", body({"events": events}))]


def states(carrier: Carrier, ids: list[str]) -> list[str]:
    carrier.session.expire_all()
    return [carrier.session.get_one(Record, each).state for each in ids]


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_the_newest_wins_whatever_the_order_of_arrival(oceanline: Carrier, order: tuple[int, ...]) -> None:
    versions = (FIRST, SECOND, RETRACTED)
    ids = {number: push(oceanline, versions[number])[0] for number in order}
    assert states(oceanline, [ids[0], ids[1], ids[2]]) == ["superseded", "superseded", "retracted"]


def test_a_retraction_at_the_instant_of_the_last_update_comes_after_it(oceanline: Carrier) -> None:
    assert states(oceanline, push(oceanline, FIRST, AT_ONCE, SECOND)) == ["superseded", "retracted", "superseded"]


def test_a_retraction_without_an_instant_ends_what_is_there(oceanline: Carrier) -> None:
    ids = push(oceanline, FIRST, {**RETRACTED, "eventUpdatedDateTime": None})
    assert states(oceanline, ids) == ["superseded", "retracted"]


def test_an_event_may_be_told_anew_after_its_retraction(oceanline: Carrier) -> None:
    again = updated("one", at="2026-11-20T12:00:00Z")
    assert states(oceanline, push(oceanline, FIRST, RETRACTED, again)) == ["superseded", "superseded", "current"]


def test_a_retraction_of_what_never_came_is_kept_for_when_it_comes(oceanline: Carrier) -> None:
    ids = [*push(oceanline, RETRACTED), *push(oceanline, SECOND)]
    assert states(oceanline, ids) == ["retracted", "superseded"]


def test_events_inherit_the_owner_of_the_document_they_name(oceanline: Carrier) -> None:
    oceanline.push_document(transport_document(carrierCodeListProvider="NMFTA"), owner=TRADER)
    (event,) = push(oceanline, FIRST)
    assert oceanline.session.get_one(Record, event).owner_id == TRADER
