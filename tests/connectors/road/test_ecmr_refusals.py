"""What is refused of a UN/CEFACT e-CMR D23B, and how."""

import json
from typing import Any

import pytest

from connectors.base import Received
from connectors.errors import SignatureError, Unmappable
from connectors.registry import get
from tests.support.messages_road import consignment, ecmr, party

CONNECTOR = get("ecmr")
CONSIGNMENT = "/specifiedConsignment/0"


def faults(message: Any) -> list[tuple[str, str]]:
    body = message if isinstance(message, bytes) else json.dumps(message).encode()
    with pytest.raises(Unmappable) as refusal:
        CONNECTOR.parse(Received("push", body))
    return [(fault.pointer, fault.message) for fault in refusal.value.faults]


@pytest.mark.parametrize("number", ["", "9" * 101])
def test_a_note_without_a_number_is_refused(number: str) -> None:
    said = "expected the number of the consignment note, of 1 to 100 characters"
    assert faults(ecmr(number)) == [("/exchangedDocument/id/content", said)]


@pytest.mark.parametrize("document", [{}, "https://deltaroad.example/notes/1"])
def test_a_number_that_is_elsewhere_or_missing_is_refused(document: Any) -> None:
    ((place, _),) = faults({**ecmr(), "exchangedDocument": document})
    assert place == "/exchangedDocument/id/content"


def test_every_fault_is_answered_with_its_place() -> None:
    message = ecmr(
        "",
        grossWeight=[{"content": "twelve tons", "unitCode": "KGM"}],
        codAmount={"content": "1500", "currencyId": "HK$"},
        consignor=None,
        consigneee={},
        includedConsignmentItem=[{"applicableDangerousGoods": [{}]}],
    )
    message["exchangedDocument"]["typeCode"] = {"content": "740"}
    message["exchangedDocument"]["issueDateTime"] = "2026-11-18"
    assert dict(faults(message)) == {
        "/exchangedDocument/issueDateTime": "expected a date-time with offset such as "
        "2026-11-24T09:00:00+08:00 (RFC 3339)",
        f"{CONSIGNMENT}/grossWeight/0/content": "string should match pattern '^[+-]?(0?|[1-9][0-9]*)\\.?[0-9]+$'",
        f"{CONSIGNMENT}/codAmount/currencyId": "is no code of ISO 4217 (currencies)",
        f"{CONSIGNMENT}/consignor": "is null, expected a value or no such member",
        f"{CONSIGNMENT}/consigneee": "is no member that the standard names here",
        "/exchangedDocument/id/content": "expected the number of the consignment note, of 1 to 100 characters",
        "/exchangedDocument/typeCode/content": "is no code that an e-CMR has here, expected one of 730",
        f"{CONSIGNMENT}/includedConsignmentItem/0/sequenceNumeric": "is missing, and the standard requires it",
        f"{CONSIGNMENT}/includedConsignmentItem/0/applicableDangerousGoods/0/undgIdCode": "is missing, and the "
        "standard requires it",
    }


@pytest.mark.parametrize(
    ("members", "place", "said"),
    [
        (
            {"carrier": party("Delta Road", "Castle Peak Road 9", "Hong Kong", "HK")},
            "/carrier/postalTradeAddress/countryId",
            "has no place in an e-CMR",
        ),
        (
            {"deliveryEvent": {"estimatedOccurrenceDateTime": "2026-11-18T15:00:00+08:00"}},
            "/deliveryEvent/estimatedOccurrenceDateTime",
            "has no place in an e-CMR",
        ),
        (
            {"id": [{"content": "6CN", "schemeAgencyId": "6"}]},
            "/id/0/schemeAgencyId",
            "has no place here in the standard",
        ),
        (
            {"consignor": "harbour trading"},
            "/consignor",
            "expected an object, or a URI of what it would say (RFC 3986)",
        ),
        ({"grossWeight": [{"content": "1", "unitCode": "LBR"}]}, "/grossWeight/0/unitCode", "input should be 'KGM'"),
        (
            {"associatedReferencedDocument": [{"issueDateTime": "17 November"}]},
            "/associatedReferencedDocument/0/issueDateTime",
            "expected a date-time with offset, a date, time or duration (RFC 3339)",
        ),
    ],
)
def test_where_the_e_cmr_is_narrower_than_its_model_is_refused(members: Any, place: str, said: str) -> None:
    assert faults(ecmr(**members)) == [(f"{CONSIGNMENT}{place}", said)]


def test_an_e_cmr_has_one_consignment() -> None:
    ((place, _),) = faults({**ecmr(), "specifiedConsignment": [consignment(), consignment()]})
    assert place == "/specifiedConsignment"


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ({"ecmrId": None, "ecmrConsignment": {}}, "an eCMR of the Open Logistics Foundation"),
        ({"sealedEcmr": {}, "seal": "x"}, "a sealed eCMR of the Open Logistics Foundation"),
        ({"ExchangedDocument": {}}, "an e-CMR in JSON made of the XML form"),
    ],
)
def test_another_form_of_an_e_cmr_is_refused_by_its_name(message: dict[str, Any], kind: str) -> None:
    assert faults(message) == [("", f"is {kind}, expected the JSON form of UN/CEFACT e-CMR D23B")]


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (
            b'<?xml version="1.0"?><eCMR xmlns="urn:un:unece:uncefact:data:standard:eCMR:1"/>',
            "the XML form of UN/CEFACT's e-CMR",
        ),
        (b"\n<consignment/>", "XML"),
    ],
)
def test_the_xml_form_is_refused_by_its_name(body: bytes, kind: str) -> None:
    assert faults(body) == [("", f"is {kind}, expected the JSON form of UN/CEFACT e-CMR D23B")]


def test_a_list_is_no_e_cmr() -> None:
    assert faults([ecmr()]) == [("", "is no JSON object, expected an e-CMR")]


def test_a_message_that_names_more_than_a_record_holds_is_refused() -> None:
    items = [{"id": {"content": f"XT{each}"}, "categoryCode": {"content": "TE"}} for each in range(5000)]
    assert faults(ecmr(utilizedLogisticsTransportEquipment=items)) == [
        (CONSIGNMENT, "names 5005 documents, vehicles and containers, expected at most 5000")
    ]


def test_the_standard_has_no_signature_of_its_own() -> None:
    with pytest.raises(SignatureError, match=r"^the e-CMR of UN/CEFACT has no signature of the standard's own$"):
        CONNECTOR.verify_signature(Received("push", b"{}"), b"secret")
