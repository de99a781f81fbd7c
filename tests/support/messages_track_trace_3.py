"""Messages in the form of DCSA Track & Trace 3.0, with made-up content."""

from typing import Any

from tests.support.messages import BILL, BOOKING, CONTAINER


def updated(name: str, *, at: str = "2026-11-20T08:15:00+08:00", **changes: Any) -> dict[str, Any]:
    """Return an equipment event: a container loaded onto a vessel; `at` is its eventUpdatedDateTime."""
    return {
        "eventID": f"load-{name}",
        "eventRouting": {"originatingParty": party("OCLN")},
        "eventDateTime": "2026-11-20T08:00:00+08:00",
        "eventUpdatedDateTime": at,
        "eventClassification": {
            "eventTypeCode": "EQUIPMENT",
            "eventClassifierCode": "ACT",
            "equipmentEventTypeCode": "LOAD",
        },
        "eventLocation": {
            "UNLocationCode": "HKHKG",
            "facilityTypeCode": "POTE",
            "facility": {"facilityCode": "HKGH1", "facilityCodeListProvider": "SMDG"},
            "geoCoordinate": {"latitude": "22.33", "longitude": "114.12"},
        },
        "shipmentDetails": {
            "documentReference": {"typeCode": "TRD", "reference": BILL},
            "additionalDocumentReferences": [{"typeCode": "BKG", "reference": BOOKING}],
            "shipmentReferences": [{"typeCode": "PO", "reference": "PO-118"}],
        },
        "transportDetails": {
            "delayReasonCodes": ["WEA"],
            "transportCall": {
                "transportCallReference": "TC-118",
                "modeOfTransport": "VESSEL",
                "serviceCodeOrReference": {"carrierServiceCode": "FE1", "universalServiceReference": "SR12345A"},
                "exportVoyageNumberOrReference": {
                    "carrierVoyageNumber": "2647W",
                    "universalVoyageReference": "2647W",
                },
                "vesselTransport": {"vesselIMONumber": "9321483", "vesselName": "Harbour Star"},
            },
        },
        "equipmentDetails": {
            "equipmentReference": CONTAINER,
            "ISOEquipmentCode": "42G1",
            "emptyIndicatorCode": "LADEN",
            "seals": [{"number": "OC133457", "source": "TER", "type": "BLT"}],
        },
        **changes,
    }


def party(code: str, function: str = "CA") -> dict[str, str]:
    """Return who an event comes from."""
    return {"partyCode": code, "codeListProvider": "SMDG", "codeListName": "LCL", "partyFunction": function}


def measured(name: str) -> dict[str, Any]:
    """Return a reefer event: temperatures measured."""
    event = updated(name)
    for member in ("shipmentDetails", "transportDetails"):
        event.pop(member)
    return {
        **event,
        "eventClassification": {
            "eventTypeCode": "REEFER",
            "eventClassifierCode": "ACT",
            "reeferEventTypeCode": "MEAS",
        },
        "reeferDetails": {
            "temperatureUnit": "CEL",
            "internalSetpointTemperature": -20,
            "temperatureProbeMeasurements": [{"measuredTemperatureValue": -19.8, "USDAProbeNumber": 1}],
            "measuredParameters": {"o2Percentage": 20.6, "isBulbMode": False},
        },
    }


def by_truck(name: str, *plates: str) -> dict[str, Any]:
    """Return a transport event: a truck departs; the first plate is the tractor's, the second the trailer's."""
    vehicles = dict(
        zip(("tractorDetails", "trailerDetails"), ({"licensePlate": each} for each in plates), strict=False)
    )
    return {
        **updated(name),
        "eventClassification": {
            "eventTypeCode": "TRANSPORT",
            "eventClassifierCode": "ACT",
            "transportEventTypeCode": "DEPA",
        },
        "transportDetails": {"transportCall": {"modeOfTransport": "TRUCK", "truckTransport": vehicles}},
        "equipmentDetails": {},
    }
