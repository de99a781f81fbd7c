"""UN/CEFACT e-CMR D23B in JSON: the consignment note of carriage by road."""

import json
from typing import Any

import pytest

from connectors.base import Mapped, Received
from connectors.registry import get
from tests.support.messages_road import BOX, NOTE, TRAILER, TRUCK, ecmr, item, party, text

CONNECTOR = get("ecmr")
ISSUER = {"list": "SCAC", "code": "DLTR"}
PROVIDER = {"list": "SMDG", "code": "OCL"}
CONSIGNMENT = "/specifiedConsignment/0"


def parse(message: Any) -> Mapped:
    (mapped,) = CONNECTOR.parse(Received("push", json.dumps(message).encode(), {}, PROVIDER)).items
    return mapped


def issued(**members: Any) -> dict[str, Any]:
    """Return an e-CMR with members of its document changed."""
    message = ecmr()
    message["exchangedDocument"] |= members
    return message


def test_a_note_is_identified_by_its_number_and_names_its_booking_vehicles_and_containers() -> None:
    mapped = parse(ecmr())
    assert mapped.identifiers == (
        {"scheme": "ecmr", "issuer": ISSUER, "value": NOTE},
        {"scheme": "booking", "issuer": ISSUER, "value": "HKRBK260118"},
        {"scheme": "ucr", "value": "6CNHT2026000118"},
        {"scheme": "ccrn", "value": "26118000452"},
        {"scheme": "vehicle_registration", "value": TRUCK},
        {"scheme": "container", "value": BOX},
        {"scheme": "vehicle_registration", "value": TRAILER},
    )
    assert mapped.owner_references == mapped.identifiers[:2]
    assert (mapped.key, mapped.revision) == (NOTE, None)


@pytest.mark.parametrize(
    ("agency", "code", "issuer"),
    [
        ("182", "DLTR", ISSUER),
        ("306", "DRX", {"list": "SMDG", "code": "DRX"}),
        ("9", "4012345000009", PROVIDER),
        ("182", "delta road", PROVIDER),
    ],
)
def test_the_issuer_is_the_carrier_by_its_own_code_else_the_provider(
    agency: str, code: str, issuer: dict[str, str]
) -> None:
    carrier = party(
        "Delta Road", "Castle Peak Road 9", "Hong Kong", "", id=[{"content": code, "schemeAgencyId": agency}]
    )
    assert parse(ecmr(carrier=carrier)).identifiers[0]["issuer"] == issuer


def test_the_documents_issuer_comes_before_the_carrier() -> None:
    message = issued(issuer={"id": [{"content": "YTFW", "schemeAgencyId": "182"}]})
    assert parse(message).identifiers[0]["issuer"] == {"list": "SCAC", "code": "YTFW"}


def test_parties_come_with_their_role_in_the_order_of_the_note() -> None:
    parties = parse(ecmr()).document["parties"]
    assert [each["role"] for each in parties] == [
        "consignor",
        "consignee",
        "carrier",
        "successive_carrier",
        "notify_party",
        "issuing_party",
    ]
    assert parties[0]["address"] == {"street": "Quay Road 1", "city": "Hong Kong", "country_code": "HK"}
    assert parties[0]["contact"]["name"] == "Export desk"


def test_members_are_grouped_as_consents_name_them() -> None:
    document = parse(ecmr()).document
    assert set(document) == {
        "identifiers",
        "document",
        "parties",
        "consignment",
        "taking_over",
        "delivery",
        "movements",
        "cargo",
        "equipment",
        "instructions",
        "terms",
        "references",
        "provenance",
    }
    assert document["document"]["issued"] == "2026-11-18T08:00:00+08:00"
    assert document["cargo"]["gross_weight"] == {"value": 12500.5, "unit": "KGM"}
    assert document["terms"]["cash_on_delivery"] == {"value": 1500, "currency": "HKD"}
    assert document["equipment"][0]["seals"] == [
        {"identifier": {"value": "DR133457"}, "condition_codes": ["1"], "sealed_by": "SH"}
    ]
    assert document["movements"][0]["means"] == {
        "identifiers": [{"value": TRUCK}],
        "registration_country": {"code": "HK"},
    }


def test_taking_over_says_what_the_carrier_noted_and_who_certified_it() -> None:
    assert parse(ecmr()).document["taking_over"] == {
        "place": {"identifier": {"value": "CNDGG", "agency": "6"}, "name": "Dongguan", "function_code": "5"},
        "event": {
            "actual": "2026-11-18T09:40:00+08:00",
            "place": {"name": "Dongguan, gate 2"},
            "certified_by": [
                {"role_codes": ["CZ"], "name": "Dispatch desk"},
                {"role_codes": ["CA"], "name": "Driver of ZG7731Z"},
            ],
            "notes": [{"text": "Two cartons dented before loading"}],
        },
    }


def test_several_names_are_read_as_one_line_and_what_says_nothing_is_left_out() -> None:
    consignee = {"name": text("Rotterdam Rain Goods", "", "warehouse 2"), "postalTradeAddress": {"cityName": text("")}}
    (found,) = (each for each in parse(ecmr(consignee=consignee)).document["parties"] if each["role"] == "consignee")
    assert found == {"role": "consignee", "name": "Rotterdam Rain Goods, warehouse 2"}


def test_decimals_become_numbers() -> None:
    contents = {"007": 7, "+.5": 0.5, "-40": -40, "31.0887": 31.0887, "3200.00": 3200}
    items = [item(each, sequenceNumeric={"content": each}) for each in contents]
    found = parse(ecmr(includedConsignmentItem=items)).document["cargo"]["items"]
    assert [each["sequence"] for each in found] == list(contents.values())


def test_a_date_of_a_referenced_document_comes_in_any_of_the_standards_forms() -> None:
    forms = ["2026-11-17", "2026-11-17T10:00:00Z", "10:00:00+08:00", "P1D", {"content": "2026-11", "format": "CCYY-MM"}]
    message = ecmr(associatedReferencedDocument=[{"issueDateTime": each} for each in forms])
    assert [each["issued"] for each in parse(message).document["references"]["documents"]] == [
        {"value": "2026-11-17"},
        {"value": "2026-11-17T10:00:00Z"},
        {"value": "10:00:00+08:00"},
        {"value": "P1D"},
        {"value": "2026-11", "format": "CCYY-MM"},
    ]


def test_a_uri_in_the_place_of_a_part_is_told_and_not_followed() -> None:
    parties = parse(ecmr(consignor="https://harbour.example/parties/1")).document["parties"]
    assert parties[0] == {"role": "consignor", "resource": "https://harbour.example/parties/1"}
    message = {**ecmr(), "specifiedConsignment": ["https://deltaroad.example/consignments/1"]}
    mapped = parse(message)
    assert mapped.document["consignment"] == {"resource": "https://deltaroad.example/consignments/1"}
    assert [(fault.pointer, fault.message) for fault in mapped.warnings] == [
        (CONSIGNMENT, "is a URI, which is not followed: the record has nothing of the consignment")
    ]


def test_a_note_alone_without_its_consignment_is_mapped() -> None:
    message = {"exchangedDocument": {"id": {"content": NOTE}}}
    assert parse(message).document == {
        "identifiers": [{"scheme": "ecmr", "issuer": PROVIDER, "value": NOTE}],
        "parties": [],
        "document": {"number": NOTE},
        "provenance": {"standard": "UN/CEFACT e-CMR", "version": "D23B", "message_id": NOTE},
    }


def test_members_that_begin_with_x_are_extensions_and_left_out() -> None:
    message = issued(**{"x-platform": {"shown": None}})
    assert parse(message).document == parse(ecmr()).document


@pytest.mark.parametrize(
    ("equipment", "scheme"),
    [
        ({"id": {"content": "CSQU3054383"}}, "container"),
        ({"id": {"content": "CSQU3054380"}}, None),
        ({"id": {"content": "592MSP"}}, None),
        ({"id": {"content": "592MSP"}, "categoryCode": {"content": "TE"}}, "vehicle_registration"),
        ({"id": {"content": "592MSP"}, "categoryCode": {"content": "TN"}}, None),
        ({"id": {"content": ""}, "categoryCode": {"content": "CN"}}, None),
    ],
)
def test_equipment_is_what_its_category_says_and_never_guessed(equipment: dict[str, Any], scheme: str | None) -> None:
    message = ecmr(utilizedLogisticsTransportEquipment=[equipment], mainCarriageLogisticsTransportMovement=[])
    schemes = {each["scheme"] for each in parse(message).identifiers}
    assert schemes - {"ecmr", "booking", "ucr", "ccrn"} == ({scheme} if scheme else set())


def test_wrong_check_digits_and_identifiers_that_are_too_long_are_warned_about() -> None:
    mapped = parse(ecmr(carrierAssignedId={"content": "9" * 101}))
    assert [(fault.pointer, fault.message) for fault in mapped.warnings] == [
        (f"{CONSIGNMENT}/carrierAssignedId/content", "is no booking: 101 characters, expected at most 100"),
        (
            f"{CONSIGNMENT}/utilizedLogisticsTransportEquipment/0/id/content",
            "is no container with right check digits",
        ),
    ]
    assert "booking" not in {each["scheme"] for each in mapped.identifiers}
