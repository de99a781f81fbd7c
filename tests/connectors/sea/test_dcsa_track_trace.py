"""DCSA Track & Trace 2.2."""

import hashlib
import hmac
import json
from typing import Any

import pytest

from connectors.base import Mapped, Received
from connectors.errors import SignatureError, Unmappable
from connectors.registry import get
from tests.support.messages import BILL, CONTAINER, event

CONNECTOR = get("dcsa_track_trace")
SHIPMENT_CODES = (
    "'RECE', 'DRFT', 'PENA', 'PENU', 'REJE', 'APPR', 'ISSU', 'SURR', 'SUBM', 'VOID', "
    "'CONF', 'REQS', 'CMPL', 'HOLD' or 'RELS'"
)
CARRIER_CODE = {"list": "SCAC", "code": "OCLN"}


def parse(message: Any, carrier_code: dict[str, str] | None = None) -> tuple[Mapped, ...]:
    body = json.dumps(message).encode()
    return CONNECTOR.parse(Received("push", body, {}, carrier_code or CARRIER_CODE)).items


def faults(message: Any) -> list[tuple[str, str]]:
    with pytest.raises(Unmappable) as refusal:
        parse(message)
    return [(fault.pointer, fault.message) for fault in refusal.value.faults]


def arrival(**changes: Any) -> dict[str, Any]:
    """Return a transport event: a vessel arrives."""
    return {
        "eventID": "3b1c5f0e-0d5e-4d8c-9c7e-0a3f1f6f1a01",
        "eventCreatedDateTime": "2026-11-22T01:00:00Z",
        "eventType": "TRANSPORT",
        "eventClassifierCode": "EST",
        "eventDateTime": "2026-11-25T06:30:00+08:00",
        "transportEventTypeCode": "ARRI",
        "delayReasonCode": "WEA",
        "changeRemark": "Typhoon",
        "transportCall": {
            "transportCallID": "TC-9",
            "exportVoyageNumber": "2647W",
            "UNLocationCode": "CNSHA",
            "modeOfTransport": "VESSEL",
            "vessel": {
                "vesselIMONumber": "9321483",
                "vesselName": "Harbour Star",
                "vesselOperatorCarrierCode": "MAEU",
                "vesselOperatorCarrierCodeListProvider": "NMFTA",
            },
        },
        "documentReferences": [{"documentReferenceType": "BKG", "documentReferenceValue": "OCLNBK1"}],
        **changes,
    }


def submitted(**changes: Any) -> dict[str, Any]:
    """Return a shipment event: a transport document is issued."""
    return {
        "eventID": "3b1c5f0e-0d5e-4d8c-9c7e-0a3f1f6f1a02",
        "eventCreatedDateTime": "2026-11-22T01:00:00Z",
        "eventType": "SHIPMENT",
        "eventClassifierCode": "ACT",
        "eventDateTime": "2026-11-22T09:00:00+08:00",
        "shipmentEventTypeCode": "ISSU",
        "documentID": BILL,
        "documentTypeCode": "TRD",
        **changes,
    }


def test_a_transport_event_is_mapped_whole() -> None:
    (mapped,) = parse(arrival())
    assert mapped.document == {
        "identifiers": [
            {"scheme": "booking", "issuer": CARRIER_CODE, "value": "OCLNBK1"},
            {"scheme": "imo", "value": "9321483"},
        ],
        "parties": [],
        "event": {
            "type": "transport",
            "classifier": "estimated",
            "code": "ARRI",
            "time": "2026-11-25T06:30:00+08:00",
            "created": "2026-11-22T01:00:00Z",
            "delay_reason_codes": ["WEA"],
            "change_remark": "Typhoon",
        },
        "transport": {
            "id": "TC-9",
            "export_voyage_number": "2647W",
            "un_location_code": "CNSHA",
            "mode_of_transport": "VESSEL",
            "vessel": {
                "imo_number": "9321483",
                "name": "Harbour Star",
                "operator_carrier_code": "MAEU",
                "operator_carrier_code_list": "NMFTA",
            },
        },
        "provenance": {
            "standard": "DCSA Track & Trace",
            "version": "2.2.0",
            "message_id": "3b1c5f0e-0d5e-4d8c-9c7e-0a3f1f6f1a01",
        },
    }
    assert (mapped.key, mapped.revision) == (
        "3b1c5f0e-0d5e-4d8c-9c7e-0a3f1f6f1a01",
        "2026-11-22T01:00:00.000000Z",
    )


def test_a_reference_is_issued_by_the_pushing_carrier_never_by_a_vessels_operator() -> None:
    (mapped,) = parse(arrival(), {"list": "SMDG", "code": "OCL"})
    assert mapped.owner_references == (
        {"scheme": "booking", "issuer": {"list": "SMDG", "code": "OCL"}, "value": "OCLNBK1"},
    )


def test_a_shipment_event_names_the_document_it_is_about() -> None:
    (mapped,) = parse(submitted())
    assert mapped.owner_references == ({"scheme": "transport_document", "issuer": CARRIER_CODE, "value": BILL},)
    assert mapped.document["event"]["document"] == {"type": "TRD", "number": BILL}


def test_an_equipment_event_has_container_seals_and_document() -> None:
    (mapped,) = parse(event("loaded"))
    assert mapped.document["equipment"] == {"number": CONTAINER, "iso_code": "42G1", "empty_indicator": "LADEN"}
    assert mapped.document["seals"] == [{"number": "OC133457", "source": "CAR", "type": "BLT"}]
    assert [each["scheme"] for each in mapped.identifiers] == ["transport_document", "container"]


def test_an_event_alone_is_mapped_as_in_a_list() -> None:
    assert parse(arrival())[0].document == parse([arrival()])[0].document


def test_an_event_without_id_has_the_digest_of_its_content_as_key() -> None:
    bare = {name: value for name, value in arrival().items() if name != "eventID"}
    assert parse(bare)[0].key == parse({**bare, "unknown": 1})[0].key
    assert parse(bare)[0].key.startswith("sha-256:")
    assert parse({**bare, "changeRemark": "Fog"})[0].key != parse(bare)[0].key


def test_revisions_compare_as_instants_whatever_their_offset() -> None:
    early = parse(arrival(eventCreatedDateTime="2026-11-22T08:59:00+08:00"))[0].revision
    late = parse(arrival(eventCreatedDateTime="2026-11-22T01:00:00Z"))[0].revision
    assert early is not None
    assert late is not None
    assert early < late


def test_all_faults_of_all_events_are_answered_with_their_places() -> None:
    events = [
        arrival(eventDateTime="2026/11/25 06:30"),
        submitted(shipmentEventTypeCode="LOST", documentID=""),
        {"eventType": "UNKNOWN"},
        {name: value for name, value in submitted().items() if name != "eventClassifierCode"},
    ]
    assert faults(events) == [
        ("/0/eventDateTime", "expected a date-time with offset such as 2026-11-24T09:00:00+08:00 (RFC 3339)"),
        (
            "/1/shipmentEventTypeCode",
            f"input should be {SHIPMENT_CODES}",
        ),
        ("/1/documentID", "string should have at least 1 character"),
        (
            "/2/eventType",
            "is no event of DCSA Track & Trace 2.2: eventType is none of TRANSPORT, EQUIPMENT, SHIPMENT",
        ),
        ("/3/eventClassifierCode", "is missing, and the standard requires it"),
    ]


@pytest.mark.parametrize(
    "instant", ["2026-11-24T09:00:00", "2026-11-24", "2026-13-24T09:00:00Z", "2026-11-24 09:00:00Z", "24.11.2026"]
)
def test_a_date_time_without_offset_is_refused(instant: str) -> None:
    assert faults(arrival(eventDateTime=instant))[0][0] == "/eventDateTime"


@pytest.mark.parametrize("count", [0, 1001])
def test_too_many_or_no_events_are_refused(count: int) -> None:
    assert faults([{}] * count) == [("", f"{count} events, expected 1 to 1000")]


def test_wrong_check_digits_and_implausible_years_are_warned_about_and_kept() -> None:
    (loaded,) = parse(event("loaded", equipmentReference="MSKU3456780", eventCreatedDateTime="1999-01-01T00:00:00Z"))
    assert [(fault.pointer, fault.message) for fault in loaded.warnings] == [
        ("/equipmentReference", "is no container with right check digits"),
        ("/eventCreatedDateTime", "lies outside the years 2000 to 2090"),
    ]
    assert loaded.document["equipment"]["number"] == "MSKU3456780"
    (arrived,) = parse([arrival(transportCall={"vessel": {"vesselIMONumber": "1234567"}})])[:1]
    assert "imo" in {each["scheme"] for each in arrived.identifiers}


def test_a_call_at_two_places_is_warned_about_and_kept() -> None:
    (mapped,) = parse(arrival(transportCall={"UNLocationCode": "CNSHA", "location": {"UNLocationCode": "HKHKG"}}))
    assert [(fault.pointer, fault.message) for fault in mapped.warnings] == [
        ("/transportCall/UNLocationCode", "is CNSHA, and location says HKHKG")
    ]
    (agreeing,) = parse(arrival(transportCall={"UNLocationCode": "CNSHA", "location": {"UNLocationCode": "CNSHA"}}))
    assert agreeing.warnings == ()


def signed(body: bytes, signature: str) -> Received:
    return Received("callback", body, {"notification-signature": signature})


def test_a_callback_is_signed_as_the_standard_says() -> None:
    body, secret = b"[]", b"0123456789abcdef"
    right = "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest()
    CONNECTOR.verify_signature(signed(body, right), secret)
    for wrong in ("", right[7:], right.upper(), right[:-1] + "0", right + "0", "sha256=é"):
        with pytest.raises(SignatureError, match=r"^Notification-Signature is missing or is not sha256="):
            CONNECTOR.verify_signature(signed(body, wrong), secret)
    with pytest.raises(SignatureError):
        CONNECTOR.verify_signature(signed(b"[ ]", right), secret)
