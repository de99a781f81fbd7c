"""Notifications of the DCSA transport document."""

import json
from typing import Any

import pytest

from connectors.base import Mapped, Received
from connectors.errors import Unmappable
from connectors.registry import get
from tests.support.messages import BILL, notification, transport_document

OWN = {"list": "SMDG", "code": "OCLN"}


def parse(message: Any) -> tuple[Mapped, ...]:
    return get("dcsa_ebl").parse(Received("push", json.dumps(message).encode(), {}, OWN)).items


def faults(message: Any) -> list[tuple[str, str]]:
    with pytest.raises(Unmappable) as refusal:
        parse(message)
    return [(fault.pointer, fault.message) for fault in refusal.value.faults]


def test_a_change_of_status_is_an_event_of_the_document() -> None:
    message = notification("ISSUED", transportDocumentSubReference="v2", feedbacks=[{"message": "Issued"}])
    (item,) = parse(message)
    named = {"scheme": "transport_document", "issuer": OWN, "value": BILL}
    assert item.document == {
        "identifiers": [named],
        "parties": [],
        "event": {
            "type": "shipment",
            "classifier": "actual",
            "code": "ISSU",
            "time": "2026-11-21T09:00:00Z",
            "created": "2026-11-21T09:00:00Z",
            "document": {"type": "TRD", "number": BILL, "sub_number": "v2"},
            "reason": "Issued",
        },
        "provenance": {"standard": "DCSA eBL transport document", "version": "3.0.4", "message_id": message["id"]},
    }
    assert (item.product, item.key) == ("transport_event", f"https://oceanline.example/ {message['id']}")
    assert item.owner_references == (named,)


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ("DRAFT", "DRFT"),
        ("PENDING_SURRENDER_FOR_AMENDMENT", "PSAM"),
        ("SURRENDERED_FOR_DELIVERY", "SUDL"),
        ("SURRENDER_FOR_DELIVERY", "SUDL"),
        ("VOIDED", "VOID"),
    ],
)
def test_each_status_has_its_code(status: str, code: str) -> None:
    assert parse(notification(status))[0].document["event"]["code"] == code


def test_the_status_of_an_amendment_is_the_news() -> None:
    message = notification("ISSUED", amendedTransportDocumentStatus="AMENDMENT_DECLINED")
    assert parse(message)[0].document["event"]["code"] == "AMDC"


def test_the_document_that_comes_with_it_is_mapped_too_and_ordered_by_the_notifications_time() -> None:
    bill, event = parse(notification(transportDocument=transport_document(), at="2026-11-21T09:00:00+08:00"))
    assert bill.document == parse(transport_document())[0].document
    assert (bill.revision, bill.place) == ("2026-11-21T01:00:00.000000Z", "/data/transportDocument")
    assert event.identifiers[0]["issuer"] == {"list": "SCAC", "code": "OCLN"}


def test_a_fault_in_the_document_has_its_place_in_the_notification() -> None:
    document = transport_document()
    del document["carrierCode"]
    assert faults(notification(transportDocument=document)) == [
        ("/data/transportDocument/carrierCode", "is missing, and the standard requires it")
    ]


def test_a_notification_is_about_one_document() -> None:
    assert faults(notification(transportDocument=transport_document("OCLN9"))) == [
        (
            "/data/transportDocument/transportDocumentReference",
            "is not the transportDocumentReference that the notification is about",
        )
    ]


@pytest.mark.parametrize("member", ["id", "source", "time", "data", "specversion"])
def test_what_is_missing_is_named(member: str) -> None:
    message = notification()
    del message[member]
    assert faults(message) == [(f"/{member}", "is missing, and the standard requires it")]


def test_an_unknown_status_is_refused() -> None:
    ((pointer, message),) = faults(notification("LOST"))
    assert pointer == "/data/transportDocumentStatus"
    assert message.startswith("input should be 'DRAFT', 'APPROVED', 'ISSUED'")
