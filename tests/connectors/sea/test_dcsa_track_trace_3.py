"""DCSA Track & Trace 3.0."""

import json
from typing import Any

import pytest

import schemas
from connectors.base import Mapped, Received
from connectors.errors import Unmappable
from connectors.registry import get
from tests.support.messages import BILL, BOOKING, CONTAINER
from tests.support.messages_track_trace_3 import by_truck, measured, party, updated

CONNECTOR = get("dcsa_track_trace_3")
CARRIER_CODE = {"list": "SCAC", "code": "OCLN"}
PROVENANCE = {"standard": "DCSA Track & Trace", "version": "3.0.0"}


def parse(*events: Any) -> tuple[Mapped, ...]:
    items = CONNECTOR.parse(Received("push", json.dumps({"events": events}).encode(), {}, CARRIER_CODE)).items
    assert [schemas.faults(each.product, each.version, each.document) for each in items] == [[]] * len(items)
    return items


def faults(*events: Any) -> list[tuple[str, str]]:
    with pytest.raises(Unmappable) as refusal:
        parse(*events)
    return [(fault.pointer, fault.message) for fault in refusal.value.faults]


def test_an_equipment_event_is_mapped_whole() -> None:
    (item,) = parse(updated("one"))
    assert item.document == {
        "identifiers": [
            {"scheme": "transport_document", "issuer": CARRIER_CODE, "value": BILL},
            {"scheme": "booking", "issuer": CARRIER_CODE, "value": BOOKING},
            {"scheme": "container", "value": CONTAINER},
            {"scheme": "imo", "value": "9321483"},
        ],
        "parties": [],
        "event": {
            "type": "equipment",
            "classifier": "actual",
            "code": "LOAD",
            "time": "2026-11-20T08:00:00+08:00",
            "created": "2026-11-20T08:15:00+08:00",
            "delay_reason_codes": ["WEA"],
            "document": {"type": "TRD", "number": BILL},
            "documents": [{"type": "BKG", "number": BOOKING}],
        },
        "location": {
            "un_location_code": "HKHKG",
            "facility_type_code": "POTE",
            "facility_code": "HKGH1",
            "facility_code_list_provider": "SMDG",
            "latitude": "22.33",
            "longitude": "114.12",
        },
        "transport": {
            "id": "TC-118",
            "mode_of_transport": "VESSEL",
            "carrier_service_code": "FE1",
            "universal_service_reference": "SR12345A",
            "export_voyage_number": "2647W",
            "export_universal_voyage_reference": "2647W",
            "vessel": {"imo_number": "9321483", "name": "Harbour Star"},
        },
        "equipment": {"number": CONTAINER, "iso_code": "42G1", "empty_indicator": "LADEN"},
        "seals": [{"number": "OC133457", "source": "TER", "type": "BLT"}],
        "references": [{"type": "PO", "value": "PO-118"}],
        "provenance": {**PROVENANCE, "message_id": "load-one"},
    }
    assert (item.key, item.revision) == ("SMDG/LCL/OCLN/load-one", "2026-11-20T00:15:00.000000Z")
    assert [each["scheme"] for each in item.owner_references] == ["transport_document", "booking"]


def test_a_retraction_says_nothing_but_that_the_event_never_was() -> None:
    (item,) = parse({**updated("one", at="2026-11-21T00:00:00Z"), "isRetracted": True, "eventDateTime": "irrelevant"})
    assert item.document == {
        "identifiers": [],
        "parties": [],
        "retracted": True,
        "provenance": {**PROVENANCE, "message_id": "load-one"},
    }
    assert (item.key, item.revision) == (parse(updated("one"))[0].key, "2026-11-21T00:00:00.000000Z/retracted")


def test_a_retraction_needs_no_more_than_its_id() -> None:
    (item,) = parse({"eventID": "load-one", "isRetracted": True})
    assert (item.key, item.revision) == ("load-one", None)


def test_documents_that_another_carrier_forwards_are_issued_by_that_carrier() -> None:
    (item,) = parse(updated("one", eventRouting={"originatingParty": party("OTHR")}))
    assert item.identifiers[0]["issuer"] == {"list": "SMDG", "code": "OTHR"}
    assert item.key == "SMDG/LCL/OTHR/load-one"


def test_an_originating_party_that_is_no_carrier_issues_nothing() -> None:
    (item,) = parse(updated("one", eventRouting={"originatingParty": party("TERM", "TR")}))
    assert item.identifiers[0]["issuer"] == CARRIER_CODE


def test_temperatures_are_kept_as_measured() -> None:
    (item,) = parse(measured("cold"))
    assert (item.document["event"]["type"], item.document["event"]["code"]) == ("reefer", "MEAS")
    assert item.document["reefer"] == {
        "temperature_unit": "CEL",
        "internal_setpoint_temperature": -20,
        "temperature_probe_measurements": [{"measured_temperature_value": -19.8, "usda_probe_number": 1}],
        "measured_parameters": {"o2_percentage": 20.6, "is_bulb_mode": False},
    }


def test_a_truck_is_known_by_its_plates() -> None:
    (item,) = parse(by_truck("truck", "AB1234", "T-77"))
    assert item.document["transport"] == {
        "mode_of_transport": "TRUCK",
        "truck": {"tractor": {"license_plate": "AB1234"}, "trailer": {"license_plate": "T-77"}},
    }
    assert {"scheme": "vehicle_registration", "value": "T-77"} in item.identifiers


def test_an_event_needs_the_code_of_its_type() -> None:
    kind = {"eventTypeCode": "EQUIPMENT", "eventClassifierCode": "ACT", "shipmentEventTypeCode": "CONF"}
    assert faults(updated("one"), updated("two", eventClassification=kind)) == [
        ("/events/1/eventClassification", "expected equipmentEventTypeCode beside eventTypeCode")
    ]


@pytest.mark.parametrize("member", ["eventID", "eventDateTime", "eventUpdatedDateTime", "eventClassification"])
def test_what_an_event_cannot_be_told_or_ordered_without_is_required(member: str) -> None:
    event = updated("one")
    del event[member]
    assert faults(event) == [(f"/events/0/{member}", "is missing, and the standard requires it")]


def test_a_retraction_is_said_by_a_boolean() -> None:
    assert faults(updated("one", isRetracted="yes")) == [("/events/0/isRetracted", "is no boolean")]


@pytest.mark.parametrize("message", [[updated("one")], {"metadata": {}, "payload": {}}, {"events": {}}])
def test_messages_of_other_versions_are_told_where_to_go(message: Any) -> None:
    with pytest.raises(Unmappable) as refusal:
        CONNECTOR.parse(Received("push", json.dumps(message).encode(), {}, CARRIER_CODE))
    (fault,) = refusal.value.faults
    assert fault.message == "is no message of DCSA Track & Trace 3.0: expected an object with a list of events"
    assert fault.fix == "send {events: [...]} as POST /events takes it; version 2.2 goes to dcsa_track_trace"


@pytest.mark.parametrize("number", [0, 1001])
def test_a_message_has_a_thousand_events_at_most(number: int) -> None:
    assert faults(*[{}] * number) == [("/events", f"{number} events, expected 1 to 1000")]


def test_wrong_check_digits_and_odd_clocks_are_warned_about() -> None:
    event = updated("one", at="1970-01-01T00:00:00Z")
    event["equipmentDetails"]["equipmentReference"] = "MSKU3456780"
    event["transportDetails"]["transportCall"]["vesselTransport"]["vesselIMONumber"] = "9321480"
    (item,) = parse(event)
    assert [each.pointer for each in item.warnings] == [
        "/events/0/equipmentDetails/equipmentReference",
        "/events/0/transportDetails/transportCall/vesselTransport/vesselIMONumber",
        "/events/0/eventUpdatedDateTime",
    ]
