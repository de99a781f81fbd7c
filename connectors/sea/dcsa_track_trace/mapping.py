"""From T&T 2.2 events to `transport_event` documents."""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

import rfc8785

from connectors.base import Batch, Fault, Mapped, Received
from connectors.errors import Unmappable
from connectors.identifiers import distinct, identifier, warning
from connectors.messages import MOST_FAULTS, read, sortable, unlikely, validate
from connectors.sea.dcsa_track_trace import settings
from connectors.sea.dcsa_track_trace.message import EVENTS, EquipmentEvent, ShipmentEvent, TransportCall, TransportEvent

CLASSIFIERS = {"PLN": "planned", "EST": "estimated", "ACT": "actual"}
SCHEMES = {"TRD": "transport_document", "BKG": "booking", "CBR": "booking"}
OWNED_BY = ("transport_document", "booking")
AnyEvent = TransportEvent | EquipmentEvent | ShipmentEvent
Document = dict[str, Any]


def map_events(request: Received) -> Batch:
    """Return every event mapped. Raises `Unmappable` with the faults of all events."""
    value = read(request.body)
    events = list(enumerate(value)) if isinstance(value, list) else [(None, value)]
    if not 1 <= len(events) <= settings.MOST_EVENTS:
        message = f"{len(events)} events, expected 1 to {settings.MOST_EVENTS}"
        raise Unmappable([Fault("", message, "send events in several messages")])
    items: list[Mapped] = []
    faults: list[Fault] = []
    for index, event in events:
        place = "" if index is None else f"/{index}"
        try:
            items.append(_map_event(_read(event, place), place, request.carrier_code))
        except Unmappable as error:
            faults.extend(error.faults)
    if faults:
        raise Unmappable(faults[:MOST_FAULTS])
    return Batch(tuple(items))


def _read(event: object, place: str) -> AnyEvent:
    kind = event.get("eventType") if isinstance(event, dict) else None
    if not isinstance(kind, str) or kind not in EVENTS:
        known = ", ".join(EVENTS)
        message = f"is no event of DCSA Track & Trace 2.2: eventType is none of {known}"
        raise Unmappable(
            [
                Fault(
                    f"{place}/eventType",
                    message,
                    "send events as GET /v2/events answers them; version 3.0 goes to dcsa_track_trace_3",
                )
            ]
        )
    found: AnyEvent = validate(EVENTS[kind], event, pointer=place)
    return found


def _map_event(event: AnyEvent, place: str, issuer: Mapping[str, str] | None) -> Mapped:
    content = event.content()
    identifiers = _identifiers(event, issuer)
    document: Document = {
        "identifiers": list(identifiers),
        "parties": [],
        "event": _event(event, content),
        **_equipment(event),
        **_transport(event),
        "references": content["references"],
        "provenance": {"standard": settings.STANDARD, "version": settings.VERSION},
    }
    key = event.event_id or _digest(content)
    if event.event_id:
        document["provenance"]["message_id"] = event.event_id
    return Mapped(
        product=settings.PRODUCT,
        version=settings.PRODUCT_VERSION,
        document={name: value for name, value in document.items() if value or name in ("identifiers", "parties")},
        key=key,
        revision=sortable(event.event_created_date_time),
        identifiers=identifiers,
        owner_references=tuple(each for each in identifiers if each["scheme"] in OWNED_BY),
        place=place,
        warnings=_warnings(event, place),
    )


def _event(event: AnyEvent, content: Document) -> Document:
    code = content[f"{event.event_type.lower()}_event_type_code"]
    found: Document = {
        "type": event.event_type.lower(),
        "classifier": CLASSIFIERS[event.event_classifier_code],
        "code": code,
        "time": event.event_date_time,
        "created": event.event_created_date_time,
    }
    found |= {name: content[name] for name in ("change_remark", "reason") if name in content}
    if "delay_reason_code" in content:
        found["delay_reason_codes"] = [content["delay_reason_code"]]
    if isinstance(event, ShipmentEvent):
        found["document"] = {"type": event.document_type_code, "number": event.document_id}
    return found


def _equipment(event: AnyEvent) -> Document:
    if not isinstance(event, EquipmentEvent):
        return {}
    equipment = {
        "number": event.equipment_reference,
        "iso_code": event.iso_equipment_code,
        "empty_indicator": event.empty_indicator_code,
    }
    return {
        "equipment": {name: value for name, value in equipment.items() if value},
        "seals": [seal.content() for seal in event.seals],
        "location": event.event_location.content() if event.event_location else {},
    }


def _transport(event: AnyEvent) -> Document:
    call = None if isinstance(event, ShipmentEvent) else event.transport_call
    return {"transport": call.content()} if call else {}


def _identifiers(event: AnyEvent, issuer: Mapping[str, str] | None) -> tuple[Mapping[str, Any], ...]:
    """Return what the event names. Documents are issued by the pushing carrier, not a vessel's operator."""
    found = [identifier(SCHEMES[each.type], each.value, issuer) for each in event.document_references]
    if isinstance(event, ShipmentEvent) and event.document_type_code in SCHEMES:
        found.append(identifier(SCHEMES[event.document_type_code], event.document_id, issuer))
    containers = [each.value for each in event.references if each.type == "EQ"]
    if isinstance(event, EquipmentEvent) and event.equipment_reference:
        containers.insert(0, event.equipment_reference)
    found.extend(identifier("container", each) for each in containers)
    call = None if isinstance(event, ShipmentEvent) else event.transport_call
    if call and call.vessel:
        found.append(identifier("imo", call.vessel.imo_number))
    return distinct(found)


def _warnings(event: AnyEvent, place: str) -> tuple[Fault, ...]:
    found: list[Fault] = []
    if isinstance(event, EquipmentEvent) and event.equipment_reference:
        found.extend(warning("container", event.equipment_reference, f"{place}/equipmentReference"))
    call = None if isinstance(event, ShipmentEvent) else event.transport_call
    if call:
        found.extend(_call_warnings(call, f"{place}/transportCall"))
    found.extend(unlikely(event.event_created_date_time, f"{place}/eventCreatedDateTime"))
    found.extend(unlikely(event.event_date_time, f"{place}/eventDateTime"))
    return tuple(found)


def _call_warnings(call: TransportCall, place: str) -> Iterator[Fault]:
    if call.vessel:
        yield from warning("imo", call.vessel.imo_number, f"{place}/vessel/vesselIMONumber")
    inner = call.location.un_location_code if call.location else None
    if call.un_location_code and inner and call.un_location_code != inner:
        message = f"is {call.un_location_code}, and location says {inner}"
        yield Fault(f"{place}/UNLocationCode", message, "send one place a call; both are kept as they came")


def _digest(content: Document) -> str:
    """Return the key of an event without eventID, which the standard allows: the digest of its content."""
    return f"sha-256:{hashlib.sha256(rfc8785.dumps(content)).hexdigest()}"
