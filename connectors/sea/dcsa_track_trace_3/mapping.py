"""From T&T 3.0 events to `transport_event` documents."""

from collections.abc import Mapping
from typing import Any

from connectors.base import Batch, Fault, Mapped, Received
from connectors.errors import Unmappable
from connectors.identifiers import distinct, identifier, warning
from connectors.messages import MOST_FAULTS, read, sortable, unlikely, validate
from connectors.sea.dcsa_track_trace_3 import settings
from connectors.sea.dcsa_track_trace_3.message import Event, Retraction, TransportCall
from connectors.sea.dcsa_track_trace_3.parts import EventRouting, Place

CLASSIFIERS = {"PLN": "planned", "EST": "estimated", "ACT": "actual"}
SCHEMES = {"TRD": "transport_document", "BKG": "booking", "CBR": "booking"}
OWNED_BY = ("transport_document", "booking")
Issuer = Mapping[str, str] | None
Document = dict[str, Any]


def map_events(request: Received) -> Batch:
    """Return every event mapped. Raises `Unmappable` with the faults of all events."""
    events = _events(read(request.body))
    items: list[Mapped] = []
    faults: list[Fault] = []
    for index, event in enumerate(events):
        try:
            items.append(_map(event, f"/events/{index}", request.carrier_code))
        except Unmappable as error:
            faults.extend(error.faults)
    if faults:
        raise Unmappable(faults[:MOST_FAULTS])
    return Batch(tuple(items))


def _events(value: object) -> list[object]:
    events = value.get("events") if isinstance(value, dict) else None
    if not isinstance(events, list):
        message = "is no message of DCSA Track & Trace 3.0: expected an object with a list of events"
        fix = "send {events: [...]} as POST /events takes it; version 2.2 goes to dcsa_track_trace"
        raise Unmappable([Fault("", message, fix)])
    if not 1 <= len(events) <= settings.MOST_EVENTS:
        message = f"{len(events)} events, expected 1 to {settings.MOST_EVENTS}"
        raise Unmappable([Fault("/events", message, "send events in several messages")])
    return events


def _map(event: object, place: str, own: Issuer) -> Mapped:
    if isinstance(event, dict) and event.get("isRetracted") is True:
        return _map_retraction(validate(Retraction, event, pointer=place), place)
    if isinstance(event, dict) and event.get("isRetracted") not in (None, False):
        raise Unmappable([Fault(f"{place}/isRetracted", "is no boolean", "send true or false")])
    return _map_event(validate(Event, event, pointer=place), place, own)


def _map_retraction(event: Retraction, place: str) -> Mapped:
    document = {"identifiers": [], "parties": [], "retracted": True, "provenance": _provenance(event.event_id)}
    when = event.event_updated_date_time
    return _mapped(event, document, f"{sortable(when)}{settings.RETRACTED}" if when else None, place)


def _map_event(event: Event, place: str, own: Issuer) -> Mapped:
    identifiers = _identifiers(event, _issuer(event.event_routing, own))
    details = event.shipment_details.content()
    equipment = event.equipment_details.content()
    document: Document = {
        "identifiers": list(identifiers),
        "parties": [],
        "event": _event(event),
        "location": _location(event.event_location),
        "transport": _transport(event.transport_details.transport_call),
        "equipment": {name: equipment[name] for name in equipment if name != "seals"},
        "seals": equipment["seals"],
        "reefer": event.reefer_details.content(),
        "iot": event.iot_details.content(),
        "references": details["references"],
        "provenance": _provenance(event.event_id),
    }
    kept = {name: value for name, value in document.items() if value or name in ("identifiers", "parties")}
    return _mapped(event, kept, sortable(event.event_updated_date_time), place, warnings=_warnings(event, place))


def _mapped(
    event: Event | Retraction, document: Document, revision: str | None, place: str, *, warnings: tuple[Fault, ...] = ()
) -> Mapped:
    identifiers = tuple(document["identifiers"])
    return Mapped(
        product=settings.PRODUCT,
        version=settings.PRODUCT_VERSION,
        document=document,
        key=_key(event),
        revision=revision,
        identifiers=identifiers,
        owner_references=tuple(each for each in identifiers if each["scheme"] in OWNED_BY),
        place=place,
        warnings=warnings,
    )


def _key(event: Event | Retraction) -> str:
    """Return what the standard calls the composite key: the originating party, where told, and the eventID."""
    party = event.event_routing.originating_party if event.event_routing else None
    named = (party.code_list_provider, party.code_list_name, party.party_code) if party else ()
    return "/".join([*(each or "" for each in named), event.event_id])


def _provenance(event_id: str) -> Document:
    said: Document = {"standard": settings.STANDARD, "version": settings.VERSION}
    return {**said, "message_id": event_id} if len(event_id) <= settings.LONGEST_MESSAGE_ID else said


def _issuer(routing: EventRouting | None, own: Issuer) -> Issuer:
    """Return who issued the documents named: the originating party if a carrier other than the one that pushes."""
    party = routing.originating_party if routing else None
    if (
        party is None
        or party.party_function != settings.CARRIER
        or not party.party_code
        or not party.code_list_provider
    ):
        return own
    if own and own["code"] == party.party_code:
        return own
    return {"list": party.code_list_provider, "code": party.party_code}


def _event(event: Event) -> Document:
    kind, shipment = event.event_classification, event.shipment_details.content()
    transport = event.transport_details.content()
    found: Document = {
        "type": kind.event_type_code.lower(),
        "classifier": CLASSIFIERS[kind.event_classifier_code],
        "code": kind.code,
        "time": event.event_date_time,
        "created": event.event_updated_date_time,
        **{name: transport[name] for name in ("delay_reason_codes", "change_remark") if name in transport},
        **{name: value for name, value in shipment.items() if name != "references"},
    }
    return {name: value for name, value in found.items() if value}


def _location(place: Place | None) -> Document:
    if place is None:
        return {}
    content = place.content()
    nested = {**content.pop("facility", {}), **content.pop("geo_coordinate", {})}
    return {**content, **nested}


def _transport(call: TransportCall | None) -> Document:
    if call is None:
        return {}
    content = call.content()
    found: Document = {"id": content.pop("reference", None), **content.pop("service", {})}
    for way in ("export", "import"):
        voyage = content.pop(f"{way}_voyage", {})
        found[f"{way}_voyage_number"] = voyage.get("carrier_voyage_number")
        found[f"{way}_universal_voyage_reference"] = voyage.get("universal_voyage_reference")
    return {name: value for name, value in {**found, **content}.items() if value not in (None, {})}


def _identifiers(event: Event, issuer: Issuer) -> tuple[Mapping[str, Any], ...]:
    shipment, call = event.shipment_details, event.transport_details.transport_call
    documents = [*([shipment.document] if shipment.document else []), *shipment.documents]
    found = [identifier(SCHEMES[each.type], each.number, issuer) for each in documents if each.type in SCHEMES]
    containers = [event.equipment_details.number, *(each.value for each in shipment.references if each.type == "EQ")]
    found.extend(identifier("container", each) for each in containers if each)
    if call and call.vessel and call.vessel.imo_number:
        found.append(identifier("imo", call.vessel.imo_number))
    if call and call.truck:
        plates = (each.license_plate for each in (call.truck.tractor, call.truck.trailer) if each)
        found.extend(identifier("vehicle_registration", plate) for plate in plates if plate)
    return distinct(found)


def _warnings(event: Event, place: str) -> tuple[Fault, ...]:
    found: list[Fault] = []
    if event.equipment_details.number:
        found.extend(
            warning("container", event.equipment_details.number, f"{place}/equipmentDetails/equipmentReference")
        )
    call = event.transport_details.transport_call
    if call and call.vessel and call.vessel.imo_number:
        pointer = f"{place}/transportDetails/transportCall/vesselTransport/vesselIMONumber"
        found.extend(warning("imo", call.vessel.imo_number, pointer))
    found.extend(unlikely(event.event_date_time, f"{place}/eventDateTime"))
    found.extend(unlikely(event.event_updated_date_time, f"{place}/eventUpdatedDateTime"))
    return tuple(found)
