"""Where the e-CMR is narrower than the reference data model that it is taken from (properties of UNECE-eCMR.json).

A path names members from the top of the message; `*` is each element of an array.
"""

from collections.abc import Iterator

from connectors.base import Fault
from connectors.road.ecmr.values import MOST

CONSIGNMENT = "specifiedConsignment/*"
ISSUE = "exchangedDocument"
CONTACT = "definedTradeContact/*"
EVENTS = (f"{CONSIGNMENT}/deliveryEvent", f"{CONSIGNMENT}/examinationEvent/*", f"{CONSIGNMENT}/pickUpEvent")
MOVEMENT_EVENT = f"{CONSIGNMENT}/mainCarriageLogisticsTransportMovement/*/specifiedEvent/*"
PLACES = (f"{CONSIGNMENT}/carrierAcceptanceLogisticsLocation", f"{CONSIGNMENT}/consigneeReceiptLogisticsLocation")
DANGEROUS_GOODS = f"{CONSIGNMENT}/includedConsignmentItem/*/applicableDangerousGoods/*"


def _under(parents: tuple[str, ...], *members: str) -> tuple[str, ...]:
    return tuple(f"{parent}/{member}" for parent in parents for member in members)


ABSENT = (
    *_under(
        (f"{ISSUE}/issueLogisticsLocation", *_under(EVENTS, "occurrenceLogisticsLocation")),
        "typeCode",
        "description",
        "physicalGeographicalCoordinate",
        "postalTradeAddress",
    ),
    *_under(
        (f"{ISSUE}/issuer", f"{ISSUE}/recipient/*"),
        "roleCode",
        "languageCode",
        "postalTradeAddress",
        "specifiedTaxRegistration",
        "specifiedGovernmentRegistration",
        f"{CONTACT}/telephoneUniversalCommunication/*/completeNumber/languageId",
        f"{CONTACT}/mobileTelephoneUniversalCommunication/completeNumber/languageId",
        f"{CONTACT}/emailURIUniversalCommunication/uri/schemeAgencyId",
        f"{CONTACT}/specifiedNote",
    ),
    *_under(
        (CONSIGNMENT,),
        "consignor/roleCode",
        "consignee/roleCode",
        "carrier/roleCode",
        "carrier/postalTradeAddress/countryId",
        "notified/*/roleCode",
        "connectingCarrier/*/roleCode",
        "connectingCarrier/*/postalTradeAddress/countryId",
        "transportServicesBuyer/postalTradeAddress/countryId",
        "handlingInstructions/*/descriptionCode",
        "loadingInstructions/*/descriptionCode",
        "utilizedLogisticsTransportEquipment/*/loadedPackageQuantity",
        "utilizedLogisticsTransportEquipment/*/characteristicCode/listId",
    ),
    *_under(
        PLACES,
        "description",
        "countryId",
        "physicalGeographicalCoordinate",
        "postalTradeAddress/countryId",
        f"servicingSpecifiedLocationParty/*/{CONTACT}/telephoneUniversalCommunication/*/uri",
        f"servicingSpecifiedLocationParty/*/{CONTACT}/mobileTelephoneUniversalCommunication/uri",
        f"servicingSpecifiedLocationParty/*/{CONTACT}/emailURIUniversalCommunication",
        f"servicingSpecifiedLocationParty/*/{CONTACT}/specifiedNote",
    ),
    *_under(
        EVENTS,
        "id",
        "typeCode",
        "description",
        "estimatedOccurrenceDateTime",
        "scheduledOccurrenceDateTime",
        "specifiedInstructions",
        "occurrenceLogisticsLocation/countryId",
        "certifying/*/languageCode",
        "certifying/*/definedTradeContact",
        "certifying/*/postalTradeAddress",
        "certifying/*/specifiedTaxRegistration",
        "certifying/*/specifiedGovernmentRegistration",
    ),
    *_under(
        (MOVEMENT_EVENT,),
        "occurrenceLogisticsLocation/countryId",
        "occurrenceLogisticsLocation/postalTradeAddress",
        "certifying/*/roleCode",
        "certifying/*/postalTradeAddress/countryId",
        "certifying/*/specifiedGovernmentRegistration/*/typeCode",
        "certifying/*/specifiedGovernmentRegistration/*/countryId",
    ),
    f"{DANGEROUS_GOODS}/undgIdCode/listAgencyId",
    *_under(
        _under((DANGEROUS_GOODS,), "transportExpertTradeContact", "emergencyTradeContact"),
        "telephoneUniversalCommunication/*/uri",
        "mobileTelephoneUniversalCommunication/uri",
        "emailURIUniversalCommunication/completeNumber",
    ),
)
"""Members that the e-CMR takes away."""
CODES = {
    f"{ISSUE}/typeCode/content": ("730",),
    f"{CONSIGNMENT}/consignor/specifiedGovernmentRegistration/*/typeCode/*/content": ("AEO", "EORI", "TIN", "ZZZ"),
    f"{PLACES[0]}/typeCode/*/content": ("5", "10", "29", "41", "111", "114", "118", "260", "271"),
    f"{PLACES[1]}/typeCode/*/content": ("4", "11", "22", "29", "41", "260", "270"),
    f"{CONSIGNMENT}/associatedReferencedDocument/*/typeCode/content": ("785", "786"),
    f"{CONSIGNMENT}/utilizedLogisticsTransportEquipment/*/characteristicCode/content": ("14", "17", "21", "23"),
    f"{CONSIGNMENT}/transportLogisticsPackage/*/levelCode/content": ("1", "2", "3", "4"),
}
"""Codes that the e-CMR leaves of a list."""
REQUIRED = (
    "exchangedDocumentContext/businessProcessSpecifiedDocumentContextParameter/*/id",
    "exchangedDocumentContext/guidelineSpecifiedDocumentContextParameter/*/id",
    f"{CONSIGNMENT}/includedConsignmentItem/*/sequenceNumeric",
    f"{DANGEROUS_GOODS}/undgIdCode",
)
"""Members that the e-CMR requires of an object."""


def faults(message: object) -> Iterator[Fault]:
    """Yield what a message has beyond the e-CMR, or lacks. What is no object or array where one is due is passed by."""
    for path in ABSENT:
        for place, _ in _find(message, path.split("/")):
            yield Fault(place, "has no place in an e-CMR", "leave it out")
    for path, known in CODES.items():
        for place, code in _find(message, path.split("/")):
            if code not in known:
                yield Fault(place, f"is no code that an e-CMR has here, expected one of {', '.join(known)}")
    for path in REQUIRED:
        parent, _, name = path.rpartition("/")
        for place, part in _find(message, parent.split("/")):
            if isinstance(part, dict) and name not in part:
                yield Fault(f"{place}/{name}", "is missing, and the standard requires it", f"add {name}")


def _find(value: object, steps: list[str], place: str = "") -> Iterator[tuple[str, object]]:
    if not steps:
        yield place, value
        return
    step, *rest = steps
    if step == "*":
        for index, element in enumerate(value[:MOST] if isinstance(value, list) else ()):
            yield from _find(element, rest, f"{place}/{index}")
    elif isinstance(value, dict) and step in value:
        yield from _find(value[step], rest, f"{place}/{step}")
