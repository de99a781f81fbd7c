"""From a DCSA transport document, or a notification of one, to a `bill_of_lading` and its events."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from connectors.base import Batch, Fault, Mapped, Received
from connectors.ebl.dcsa_ebl import settings
from connectors.ebl.dcsa_ebl.message import TransportDocument
from connectors.ebl.dcsa_ebl.notification import Notification, map_status
from connectors.ebl.dcsa_ebl.parties import DocumentParties, Party
from connectors.errors import Unmappable
from connectors.identifiers import distinct, identifier, warning
from connectors.messages import read, sortable, validate

Document = dict[str, Any]
DOCUMENT = (
    "is_shipped_on_board_type",
    "is_electronic",
    "is_to_order",
    "shipping_instructions_reference",
    "number_of_copies_with_charges",
    "number_of_copies_without_charges",
    "number_of_originals_with_charges",
    "number_of_originals_without_charges",
    "number_of_rider_pages",
    "issue_date",
    "shipped_on_board_date",
    "received_for_shipment_date",
    "displayed_shipped_on_board_received_for_shipment",
    "place_of_issue",
)
TERMS = (
    "freight_payment_term_code",
    "service_contract_reference",
    "contract_quotation_reference",
    "extended_contract_quotation_reference",
    "declared_value",
    "declared_value_currency",
    "terms_and_conditions",
    "carrier_clauses",
    "charges",
    "invoice_payable_at",
)
ROUTING = (
    "receipt_type_at_origin",
    "delivery_type_at_destination",
    "cargo_movement_type_at_origin",
    "cargo_movement_type_at_destination",
    "displayed_name_for_place_of_receipt",
    "displayed_name_for_port_of_load",
    "displayed_name_for_port_of_discharge",
    "displayed_name_for_place_of_delivery",
)
CARGO = ("consignment_items", "references", "customs_references", "export_license", "import_license")
ROLES = (
    "shipper",
    "on_behalf_of_shipper",
    "consignee",
    "on_behalf_of_consignee",
    "endorsee",
    "issuing_party",
    "carriers_agent_at_destination",
)


def map_message(request: Received) -> Batch:
    """Return what a message holds. Raises `Unmappable` with every fault, or saying what else the message is."""
    value = read(request.body)
    if isinstance(value, dict) and value.get("type") == settings.NOTIFICATION:
        return _map_notification(value, request.carrier_code)
    _refuse_other_messages(value)
    return Batch((map_document(value),))


def _map_notification(value: Document, own: Mapping[str, str] | None) -> Batch:
    notification: Notification = validate(Notification, value)
    document = notification.data.transport_document
    if document is None:
        return Batch((map_status(notification, own),))
    place, number = "/data/transportDocument", notification.data.transport_document_reference
    mapped = map_document(document, place=place, revision=sortable(notification.time))
    if mapped.document["document"]["number"] != number:
        message = "is not the transportDocumentReference that the notification is about"
        raise Unmappable([Fault(f"{place}/transportDocumentReference", message, "notify about one document a message")])
    return Batch((mapped, map_status(notification, mapped.identifiers[0]["issuer"])))


def map_document(value: object, *, place: str = "", revision: str | None = None) -> Mapped:
    """Return a transport document that stands at `place` in a message."""
    message: TransportDocument = validate(TransportDocument, value, pointer=place)
    content = message.content()
    identifiers = _identifiers(message)
    reference, sub = message.transport_document_reference, message.transport_document_sub_reference
    document: Document = {
        "identifiers": list(identifiers),
        "document": {
            "number": reference,
            **({"sub_number": sub} if sub else {}),
            "type": message.transport_document_type_code,
            "status": message.transport_document_status,
            **_some(content, DOCUMENT),
        },
        "carrier": {"list": settings.CARRIER_LISTS[message.carrier_code_list_provider], "code": message.carrier_code},
        "parties": list(_parties(message.document_parties)),
        "contacts": content["party_contact_details"],
        "routing": {**content["transports"], **_some(content, ROUTING)},
        "cargo": _some(content, CARGO),
        "equipment": content["utilized_transport_equipments"],
        "terms": _some(content, TERMS),
        "provenance": {"standard": settings.STANDARD, "version": settings.VERSION, "message_id": reference},
    }
    return Mapped(
        product=settings.PRODUCT,
        version=settings.PRODUCT_VERSION,
        document=document,
        key=f"{message.carrier_code_list_provider}:{message.carrier_code}:{reference}",
        revision=revision,
        identifiers=identifiers,
        owner_references=tuple(each for each in identifiers if each["scheme"] in ("transport_document", "booking")),
        place=place,
        warnings=tuple(replace(each, pointer=place + each.pointer) for each in _warnings(message)),
    )


def _refuse_other_messages(value: object) -> None:
    if not isinstance(value, dict):
        raise Unmappable([Fault("", "is no JSON object, expected a transport document", "send one document a message")])
    if "transportDocumentReference" in value and "transportDocumentStatus" in value:
        return
    for member, kind in settings.OTHER_MESSAGES.items():
        if member in value:
            message = f"is {kind}, expected a transport document"
            raise Unmappable([Fault("", message, "send what GET /v3/transport-documents/{reference} answers")])


def _some(content: Document, names: tuple[str, ...]) -> Document:
    return {name: content[name] for name in names if name in content}


def _parties(parties: DocumentParties) -> Iterator[Document]:
    for role in ROLES:
        party: Party | None = getattr(parties, role)
        if party:
            yield {"role": role, **party.content()}
    for party in parties.notify_parties:
        yield {"role": "notify_party", **party.content()}
    for other in parties.other:
        yield {"role": "other", "function": other.party_function, **other.party.content()}


def _identifiers(message: TransportDocument) -> tuple[Mapping[str, Any], ...]:
    """Return the document's own number, its bookings and its containers; the issuer is the issuing carrier."""
    issuer = {"list": settings.CARRIER_LISTS[message.carrier_code_list_provider], "code": message.carrier_code}
    bookings = (item.carrier_booking_reference for item in message.consignment_items)
    return distinct(
        [
            identifier("transport_document", message.transport_document_reference, issuer),
            *(identifier("booking", booking, issuer) for booking in bookings),
            *(
                identifier("container", each.equipment.equipment_reference)
                for each in message.utilized_transport_equipments
            ),
        ]
    )


def _warnings(message: TransportDocument) -> Iterator[Fault]:
    for number, each in enumerate(message.utilized_transport_equipments):
        place = f"/utilizedTransportEquipments/{number}/equipment/equipmentReference"
        yield from warning("container", each.equipment.equipment_reference, place)
    if message.transport_document_type_code == "SWB" and message.is_to_order:
        yield Fault("/isToOrder", "is true for a sea waybill, which is never to order", "check the document's type")
    for role, party in message.document_parties:
        for number, code in enumerate((party.identifying_codes if isinstance(party, Party) else None) or ()):
            if code.code_list_name == "LEI":
                yield from warning(
                    "lei", code.party_code, f"/documentParties/{role}/identifyingCodes/{number}/partyCode"
                )
