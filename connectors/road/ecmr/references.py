"""The identifiers that an e-CMR names, and what in it is odd but kept."""

import re
from collections.abc import Iterator, Mapping

from stdnum import iso6346

from connectors.base import Fault, Identifier
from connectors.identifiers import distinct, identifier, warning
from connectors.road.ecmr import settings
from connectors.road.ecmr.goods import Equipment
from connectors.road.ecmr.message import Consignment, ECmr
from connectors.road.ecmr.parties import Party

CARRIER_CODE = re.compile(r"[A-Z0-9]{2,10}")
Named = Iterator[tuple[str, str, str]]
"""Scheme, value and place of what may be an identifier."""


def identifiers(message: ECmr, number: str, carrier_code: Mapping[str, str] | None) -> tuple[Identifier, ...]:
    """Return the note's own number and what it names.

    The issuer of the number and of the booking is the carrier by its own code (the document's issuer, else the
    consignment's carrier), or `carrier_code`, the pushing provider's.
    """
    issuer = _issuer(message) or carrier_code
    found = [identifier("ecmr", number, issuer)]
    for scheme, value, _ in _named(message):
        if _fits(value):
            found.append(identifier(scheme, value, issuer if scheme == "booking" else None))
    return distinct(found)


def warnings(message: ECmr) -> Iterator[Fault]:
    """Yield what is odd: identifiers with wrong check digits or too long, a consignment that is elsewhere."""
    for scheme, value, place in _named(message):
        if _fits(value):
            yield from warning(scheme, value, place)
        elif value:
            text = f"is no {scheme}: {len(value)} characters, expected at most {settings.LONGEST_NUMBER}"
            yield Fault(place, text, "check the number; it is kept as it came")
    if (consignment := _consignment(message)) and consignment.resource:
        text = "is a URI, which is not followed: the record has nothing of the consignment"
        yield Fault("/specifiedConsignment/0", text, "send the consignment itself")


def _fits(value: str) -> bool:
    return 1 <= len(value) <= settings.LONGEST_NUMBER


def _consignment(message: ECmr) -> Consignment | None:
    return message.consignments[0] if message.consignments else None


def _issuer(message: ECmr) -> dict[str, str] | None:
    consignment = _consignment(message)
    parties: list[Party | None] = [
        message.document.issuer if message.document else None,
        consignment.carrier if consignment else None,
    ]
    for party in parties:
        for each in (party and party.identifiers) or ():
            if each.scheme_agency_id in settings.CARRIER_LISTS and CARRIER_CODE.fullmatch(each.value):
                return {"list": settings.CARRIER_LISTS[each.scheme_agency_id], "code": each.value}
    return None


def _named(message: ECmr) -> Named:
    consignment = _consignment(message)
    if not consignment:
        return
    place = "/specifiedConsignment/0"
    if consignment.carrier_reference:
        yield "booking", consignment.carrier_reference.value, f"{place}/carrierAssignedId/content"
    for each in consignment.number or ():
        yield "ucr", each.value, f"{place}/id/0/content"
    yield from _of_items(consignment, f"{place}/includedConsignmentItem")
    yield from _of_movements(consignment, f"{place}/mainCarriageLogisticsTransportMovement")
    for index, equipment in enumerate(consignment.equipment or ()):
        if equipment.identifier and (scheme := _scheme(equipment, equipment.identifier.value)):
            yield scheme, equipment.identifier.value, f"{place}/utilizedLogisticsTransportEquipment/{index}/id/content"


def _of_items(consignment: Consignment, place: str) -> Named:
    for index, item in enumerate(consignment.items or ()):
        for each in item.identifier or ():
            if each.scheme_agency_id == settings.HONG_KONG_CUSTOMS:
                yield "ccrn", each.value, f"{place}/{index}/globalId/0/content"


def _of_movements(consignment: Consignment, place: str) -> Named:
    for index, movement in enumerate(consignment.movements or ()):
        means = movement.means
        for number, each in enumerate((means and means.identifiers) or ()):
            there = f"{place}/{index}/usedLogisticsTransportMeans/id/{number}/content"
            yield "vehicle_registration", each.value, there


def _scheme(equipment: Equipment, value: str) -> str | None:
    """Return what an equipment's number is, as its category says; without one, only a right container number is."""
    if equipment.category_code is None:
        return "container" if iso6346.is_valid(value) else None
    category = equipment.category_code.value
    return "container" if category == "CN" else "vehicle_registration" if category in settings.REGISTERED else None
