"""From a Cargo-XML master air waybill to an `air_waybill`."""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from connectors.air.cargo_xml import settings
from connectors.air.cargo_xml.checks import warnings_of_header, warnings_of_waybill
from connectors.air.cargo_xml.message import Consignment, Deletion, MessageHeader, Waybill
from connectors.base import Batch, Fault, Mapped, Received
from connectors.errors import Unmappable
from connectors.identifiers import distinct, identifier
from connectors.messages import MOST_FAULTS, sortable
from connectors.xml import Element, read
from connectors.xml_messages import in_utc, validate

Document = dict[str, Any]
REFERENCES = ("consignment_id", "additional_id", "freight_forwarder_reference", "associated_reference")
HANDLING = ("special", "service_requests", "other_information")
CARGO = ("pieces", "packages", "gross_weight", "gross_volume", "density_group", "product_id")
RATE = ("charge", "rate_combination_point", "unit_load_device_rate")
TERMS = (
    "currency",
    "destination_currency",
    "is_charge_prepaid",
    "is_disbursement_prepaid",
    "nil_carriage_value",
    "declared_value_for_carriage",
    "nil_customs_value",
    "declared_value_for_customs",
    "nil_insurance_value",
    "insurance_value",
    "payment_method",
    "service_type",
    "other_charges",
    "accounting_notes",
    "totals",
)


def map_waybill(request: Received) -> Batch:
    """Return the waybill mapped. Raises `Unmappable` with every fault, or saying what else the message is."""
    root = read(request)
    _refuse_other_messages(root)
    if _deletes(root):
        return Batch((_map_deletion(validate(Deletion, root)),))
    return Batch((_map_waybill(validate(Waybill, root), root),))


def _refuse_other_messages(root: Element) -> None:
    if root.name == f"{{{settings.WAYBILL}}}Waybill":
        return
    known = settings.OTHER_MESSAGES.get(root.local, "no Cargo-XML waybill")
    message = f"is {known}, expected a master air waybill (XFWB): Waybill of the namespace {settings.WAYBILL}"
    raise Unmappable([Fault(root.place, message, "send one XFWB 3.00 message")])


def _deletes(root: Element) -> bool:
    header, purpose = f"{{{settings.WAYBILL}}}MessageHeaderDocument", f"{{{settings.DATA_MODEL}}}PurposeCode"
    return any(each.text.strip() == "Deletion" for each in root.select(header, purpose))


def _map_deletion(message: Deletion) -> Mapped:
    mawb = _mawb(message.business.number)
    document = {"identifiers": [mawb], "parties": [], "retracted": True, "provenance": _provenance(message.message)}
    return _mapped(message, document, _revision(message.message) + settings.RETRACTED, warnings_of_header(message))


def _map_waybill(message: Waybill, root: Element) -> Mapped:
    consignment, content = message.consignment, message.consignment.content()
    document: Document = {
        "identifiers": list(_identifiers(message)),
        "document": _document(message, content),
        "carrier": _airline(message.business.number),
        "parties": list(_parties(consignment)),
        "routing": _some(content, ("origin", "destination", "movements", "equipment")),
        "handling": _some(content, HANDLING),
        "cargo": {**_some(content, CARGO), "items": _items(content)},
        "customs": _customs(content),
        "terms": {**_some(content, TERMS), "ratings": [_rating(each) for each in content["ratings"]]},
        "provenance": _provenance(message.message),
    }
    told = {name: value for name, value in document.items() if value}
    return _mapped(message, told, _revision(message.message), warnings_of_waybill(message, root))


def _mapped(message: Deletion | Waybill, document: Document, revision: str, warnings: Iterator[Fault]) -> Mapped:
    number = message.business.number
    return Mapped(
        product=settings.PRODUCT,
        version=settings.PRODUCT_VERSION,
        document=document,
        key=number,
        revision=revision,
        identifiers=tuple(document["identifiers"]),
        owner_references=(_mawb(number),),
        place="",
        warnings=tuple(islice(warnings, MOST_FAULTS)),
    )


def _revision(header: MessageHeader) -> str:
    """Return when the message was issued; a local time, which the standard allows, counts as UTC to order by."""
    return sortable(in_utc(header.message_issued))


def _provenance(header: MessageHeader) -> Document:
    said: Document = {"standard": settings.STANDARD, "version": settings.VERSION}
    return {**said, "message_id": header.message_id} if len(header.message_id) <= settings.LONGEST_MESSAGE_ID else said


def _airline(number: str) -> Document:
    return {"list": "IATA", "code": number[:3]}


def _mawb(number: str) -> Document:
    return identifier("mawb", number, _airline(number))


def _document(message: Waybill, content: Document) -> Document:
    said = message.business.content()
    names = {"carrier": "carrier_signatory", "consignor": "consignor_signatory"}
    signatories = {role: said.pop(name) for role, name in names.items() if name in said}
    return {
        "type": settings.TYPES[message.message.type],
        **said,
        "message_issued": message.message.message_issued,
        "signatories": signatories,
        **_some(content, REFERENCES),
    }


def _parties(consignment: Consignment) -> Iterator[Document]:
    yield {"role": "shipper", **consignment.consignor.content()}
    yield {"role": "consignee", **consignment.consignee.content()}
    if consignment.freight_forwarder:
        yield {"role": "freight_forwarder", **consignment.freight_forwarder.content()}
    for party in consignment.associated_parties:
        role = "notify_party" if party.function == settings.NOTIFY_PARTY else "other"
        yield {"role": role, **party.content()}


def _items(content: Document) -> list[Document]:
    """Return the goods, each once: the standard repeats them for each kind of rating."""
    items = (item for rating in content["ratings"] for item in rating["items"])
    goods = [{name: value for name, value in item.items() if name not in RATE} for item in items]
    return list({repr(each): each for each in goods}.values())


def _rating(rating: Document) -> Document:
    rates = [_some(item, ("sequence", *RATE)) for item in rating["items"]]
    told = {name: value for name, value in rating.items() if name != "items"}
    return {**told, "rates": [each for each in rates if len(each) > 1]}


def _customs(content: Document) -> Document:
    """Return customs notes apart by whether they may name a person."""
    notes = content.get("customs_notes", [])
    found = {
        "notes": [each for each in notes if each.get("code") in settings.IMPERSONAL],
        "personal_notes": [each for each in notes if each.get("code") not in settings.IMPERSONAL],
        **_some(content, ("documents", "goods_status")),
    }
    return {name: value for name, value in found.items() if value}


def _some(content: Document, names: tuple[str, ...]) -> Document:
    return {name: content[name] for name in names if name in content}


def _identifiers(message: Waybill) -> tuple[Mapping[str, Any], ...]:
    """Return the waybill's number, and the flights, unit load devices and references that it names."""
    consignment = message.consignment
    flights = [each.id for each in consignment.movements if each.id and each.mode_code in (None, settings.BY_AIR)]
    items = [item for rating in consignment.ratings for item in rating.items]
    devices = [device.number for item in items for device in item.unit_load_devices]
    houses = [each.id for each in consignment.documents if each.type == settings.HOUSE_WAYBILL]
    references = [
        each.text
        for each in consignment.customs_notes
        if each.code == settings.UNIQUE_CONSIGNMENT_REFERENCE and len(each.text) <= settings.LONGEST_REFERENCE
    ]
    return distinct(
        [
            _mawb(message.business.number),
            *(identifier("hawb", each) for each in houses),
            *(identifier("ucr", each) for each in references),
            *(identifier("flight", each) for each in flights),
            *(identifier("uld", each) for each in devices),
        ]
    )
