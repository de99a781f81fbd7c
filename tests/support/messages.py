"""Messages in the form of the standards, with made-up content: DCSA T&T 2.2 events, DCSA eBL 3.0.4 documents."""

import json
import uuid
from typing import Any

BILL, BOOKING, CONTAINER = "OCLN71800000", "OCLNBK260118", "MSKU3456789"
NAMESPACE = uuid.UUID("8f6c1d52-0000-4000-8000-000000000000")


def event(name: str, *, bills: tuple[str, ...] = (BILL,), bookings: tuple[str, ...] = (), **changes: Any) -> Any:
    """Return a T&T 2.2 equipment event: a container loaded. `name` stands for its eventID."""
    references = [
        *({"documentReferenceType": "TRD", "documentReferenceValue": each} for each in bills),
        *({"documentReferenceType": "BKG", "documentReferenceValue": each} for each in bookings),
    ]
    return {
        "eventID": str(uuid.uuid5(NAMESPACE, name)),
        "eventType": "EQUIPMENT",
        "eventCreatedDateTime": "2026-11-20T08:15:00+08:00",
        "eventClassifierCode": "ACT",
        "eventDateTime": "2026-11-20T08:00:00+08:00",
        "equipmentEventTypeCode": "LOAD",
        "equipmentReference": CONTAINER,
        "ISOEquipmentCode": "42G1",
        "emptyIndicatorCode": "LADEN",
        "documentReferences": references,
        "references": [],
        "seals": [{"sealNumber": "OC133457", "sealSource": "CAR", "sealType": "BLT"}],
        "transportCall": {
            "transportCallID": "TC-118",
            "carrierServiceCode": "FE1",
            "carrierVoyageNumber": "2647W",
            "UNLocationCode": "HKHKG",
            "facilityTypeCode": "POTE",
            "modeOfTransport": "VESSEL",
        },
        **changes,
    }


def transport_document(bill: str = BILL, *, bookings: tuple[str, ...] = (BOOKING,), **changes: Any) -> Any:
    """Return an eBL 3.0.4 transport document of one container."""
    item = {
        "descriptionOfGoods": ["Ten thousand umbrellas"],
        "HSCodes": ["660110"],
        "cargoItems": [
            {
                "equipmentReference": CONTAINER,
                "cargoGrossWeight": {"value": 12500.5, "unit": "KGM"},
                "outerPackaging": {"numberOfPackages": 400, "description": "Cartons"},
            }
        ],
    }
    return {
        "transportDocumentReference": bill,
        "transportDocumentStatus": "ISSUED",
        "transportDocumentTypeCode": "BOL",
        "isShippedOnBoardType": True,
        "freightPaymentTermCode": "PRE",
        "isElectronic": True,
        "isToOrder": False,
        "shippedOnBoardDate": "2026-11-20",
        "termsAndConditions": "As on the carrier's web site.",
        "receiptTypeAtOrigin": "CY",
        "deliveryTypeAtDestination": "CY",
        "cargoMovementTypeAtOrigin": "FCL",
        "cargoMovementTypeAtDestination": "FCL",
        "issueDate": "2026-11-21",
        "carrierCode": "OCLN",
        "carrierCodeListProvider": "NMFTA",
        "transports": {
            "plannedArrivalDate": "2026-12-12",
            "plannedDepartureDate": "2026-11-20",
            "portOfLoading": {"UNLocationCode": "HKHKG"},
            "portOfDischarge": {"UNLocationCode": "NLRTM"},
            "vesselVoyages": [{"vesselName": "Ocean Line One", "carrierExportVoyageNumber": "2647W"}],
        },
        "invoicePayableAt": {"UNLocationCode": "HKHKG"},
        "partyContactDetails": [{"name": "Export desk", "email": "export@oceanline.example"}],
        "documentParties": {
            "shipper": {
                "partyName": "Harbour Trading",
                "address": {"street": "Quay Road", "city": "Hong Kong", "countryCode": "HK"},
                "partyContactDetails": [{"name": "Export desk", "email": "export@harbour.example"}],
            },
            "consignee": {
                "partyName": "Rotterdam Rain Goods",
                "address": {"street": "Maasboulevard", "city": "Rotterdam", "countryCode": "NL"},
                "identifyingCodes": [{"codeListProvider": "ZZZ", "partyCode": "RRG-118"}],
            },
            "issuingParty": {
                "partyName": "Ocean Line",
                "address": {"street": "Harbour Road", "city": "Hong Kong", "countryCode": "HK"},
            },
        },
        "consignmentItems": [{"carrierBookingReference": each, **item} for each in bookings],
        "utilizedTransportEquipments": [
            {
                "equipment": {"equipmentReference": CONTAINER, "ISOEquipmentCode": "42G1"},
                "isShipperOwned": False,
                "seals": [{"number": "OC133457"}],
            }
        ],
        **changes,
    }


def notification(status: str = "ISSUED", *, at: str = "2026-11-21T09:00:00Z", **data: Any) -> Any:
    """Return an eBL 3.0.4 notification of the transport document's status; `data` are further members of its data."""
    return {
        "specversion": "1.0",
        "id": str(uuid.uuid5(NAMESPACE, f"{status} {at}")),
        "source": "https://oceanline.example/",
        "type": "org.dcsa.transport-document.v3",
        "time": at,
        "datacontenttype": "application/json",
        "subscriptionReference": "EBL118",
        "data": {"transportDocumentStatus": status, "transportDocumentReference": BILL, **data},
    }


def body(message: Any) -> bytes:
    """Return a message's bytes."""
    return json.dumps(message).encode()
