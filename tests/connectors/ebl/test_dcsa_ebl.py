"""DCSA eBL 3.0.4: the transport document."""

import json
from typing import Any

import pytest

from connectors.base import Mapped, Received
from connectors.errors import Unmappable
from connectors.registry import get
from tests.support.messages import BILL, BOOKING, CONTAINER, transport_document

CONNECTOR = get("dcsa_ebl")
ISSUER = {"list": "SCAC", "code": "OCLN"}


def parse(message: Any) -> Mapped:
    (mapped,) = CONNECTOR.parse(Received("push", json.dumps(message).encode())).items
    return mapped


def faults(message: Any) -> list[tuple[str, str]]:
    with pytest.raises(Unmappable) as refusal:
        parse(message)
    return [(fault.pointer, fault.message) for fault in refusal.value.faults]


def without(*names: str) -> dict[str, Any]:
    return {name: value for name, value in transport_document().items() if name not in names}


def test_a_document_is_identified_by_its_number_its_bookings_and_its_containers() -> None:
    mapped = parse(transport_document())
    assert mapped.identifiers == (
        {"scheme": "transport_document", "issuer": ISSUER, "value": BILL},
        {"scheme": "booking", "issuer": ISSUER, "value": BOOKING},
        {"scheme": "container", "value": CONTAINER},
    )
    assert mapped.owner_references == mapped.identifiers[:2]
    assert (mapped.key, mapped.revision) == (f"NMFTA:OCLN:{BILL}", None)


def test_parties_come_with_their_role_and_their_people_apart() -> None:
    document = parse(transport_document()).document
    roles = [party["role"] for party in document["parties"]]
    assert roles[0] == "shipper"
    assert "issuing_party" in roles
    assert document["contacts"]


def test_members_are_grouped_as_consents_name_them() -> None:
    document = parse(transport_document()).document
    assert set(document) == {
        "identifiers",
        "document",
        "carrier",
        "parties",
        "contacts",
        "routing",
        "cargo",
        "equipment",
        "terms",
        "provenance",
    }
    assert document["document"]["number"] == BILL
    assert document["cargo"]["consignment_items"][0]["cargo_items"][0]["cargo_gross_weight"] == {
        "value": 12500.5,
        "unit": "KGM",
    }


def test_every_missing_member_is_answered() -> None:
    assert faults(without("transports", "carrierCode", "isToOrder")) == [
        ("/isToOrder", "is missing, and the standard requires it"),
        ("/carrierCode", "is missing, and the standard requires it"),
        ("/transports", "is missing, and the standard requires it"),
    ]


def test_a_fault_deep_in_the_document_has_its_place() -> None:
    message = transport_document()
    message["consignmentItems"][0]["cargoItems"][0]["cargoGrossWeight"]["unit"] = "TON"
    message["issueDate"] = "2026-02-30"
    found = dict(faults(message))
    assert found["/issueDate"] == "expected a date such as 2026-11-24 (RFC 3339 full-date)"
    assert "/consignmentItems/0/cargoItems/0/cargoGrossWeight/unit" in found


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ({"specversion": "1.0", "data": {}}, "another notification (CloudEvents)"),
        ({"amendedTransportDocument": {}}, "an amended transport document"),
        ({"shippingInstructionsStatus": "RECEIVED"}, "shipping instructions"),
        ({"envelopeManifestSignedContent": "x"}, "a PINT envelope"),
        ({"issuanceManifestSignedContent": "x"}, "an issuance request"),
        ({"httpMethod": "GET", "statusCode": 404}, "an error response"),
    ],
)
def test_another_message_of_the_family_is_refused_by_its_name(message: dict[str, Any], kind: str) -> None:
    assert faults(message) == [("", f"is {kind}, expected a transport document")]


def test_a_list_is_no_document() -> None:
    assert faults([transport_document()]) == [("", "is no JSON object, expected a transport document")]


def test_a_sea_waybill_to_order_and_wrong_check_digits_are_warned_about() -> None:
    message = transport_document(transportDocumentTypeCode="SWB", isToOrder=True)
    message["utilizedTransportEquipments"][0]["equipment"]["equipmentReference"] = "MSKU3456780"
    message["documentParties"]["shipper"]["identifyingCodes"] = [
        {"codeListProvider": "GLEIF", "codeListName": "LEI", "partyCode": "529900T8BM49AURSDO56"}
    ]
    assert [(fault.pointer, fault.message) for fault in parse(message).warnings] == [
        ("/utilizedTransportEquipments/0/equipment/equipmentReference", "is no container with right check digits"),
        ("/isToOrder", "is true for a sea waybill, which is never to order"),
        ("/documentParties/shipper/identifyingCodes/0/partyCode", "is no lei with right check digits"),
    ]


def test_a_contact_that_cannot_be_reached_is_refused() -> None:
    assert faults(transport_document(partyContactDetails=[{"name": "Export desk"}])) == [
        ("/partyContactDetails/0", "expected phone or email")
    ]


def test_what_the_standard_does_not_name_is_left_out() -> None:
    assert parse(transport_document(somethingElse=1)).document == parse(transport_document()).document
