"""From an e-CMR to a `road_consignment_note`."""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from connectors.base import Batch, Fault, Identifier, Mapped, Received
from connectors.errors import Unmappable
from connectors.messages import MOST_FAULTS, read, validate
from connectors.road.ecmr import narrowing, settings
from connectors.road.ecmr.message import ECmr
from connectors.road.ecmr.references import identifiers, warnings

Content = dict[str, Any]
PARTIES = {
    "consignor": "consignor",
    "consignee": "consignee",
    "carrier": "carrier",
    "connecting_carrier": "successive_carrier",
    "notified": "notify_party",
    "transport_services_buyer": "transport_services_buyer",
}
"""Roles of the consignment's parties, by the members that name them."""
ISSUE_PARTIES = {"issuer": "issuing_party", "recipient": "recipient"}
"""Roles of the document's own parties."""
GROUPS = {
    "consignment": (
        "resource",
        "number",
        "consignor_reference",
        "carrier_reference",
        "freight_forwarder_reference",
        "transshipment_permitted",
    ),
    "cargo": ("gross_weight", "gross_volume", "item_quantity", "items", "packages"),
    "instructions": ("handling", "loading", "border_clearance", "delivery"),
    "terms": ("charges", "cash_on_delivery", "invoice_amount", "delivery_terms", "insurance_instructions"),
    "references": ("documents", "previous_documents"),
}
"""Members of the consignment that the product keeps together."""
ALONE = ("equipment", "movements", "examinations")
"""Members of the consignment that are groups of the product themselves."""


def map_ecmr(request: Received) -> Batch:
    """Return the consignment note mapped. Raises `Unmappable` with every fault, or saying what else the message is."""
    if request.body.lstrip()[:1] == b"<":
        kind = "the XML form of UN/CEFACT's e-CMR" if settings.XML_NAMESPACE in request.body[:4096] else "XML"
        raise Unmappable([_other(f"is {kind}, expected the JSON form of UN/CEFACT e-CMR D23B")])
    value = read(request.body)
    _refuse_other_messages(value)
    message = _read(value)
    number = _number(value)
    found = identifiers(message, number, request.carrier_code)
    if len(found) > settings.MOST_IDENTIFIERS:
        text = f"names {len(found)} documents, vehicles and containers, expected at most {settings.MOST_IDENTIFIERS}"
        raise Unmappable([Fault("/specifiedConsignment/0", text, "send one consignment note a message")])
    mapped = Mapped(
        product=settings.PRODUCT,
        version=settings.PRODUCT_VERSION,
        document=_document(message, number, found),
        key=number,
        revision=None,
        identifiers=found,
        owner_references=tuple(each for each in found if each["scheme"] in ("ecmr", "booking")),
        place="",
        warnings=tuple(islice(warnings(message), MOST_FAULTS)),
    )
    return Batch((mapped,))


def _other(message: str) -> Fault:
    return Fault(
        "", message, "send the JSON of UNECE-eCMR.json (D23B), with exchangedDocument and specifiedConsignment"
    )


def _refuse_other_messages(value: object) -> None:
    if not isinstance(value, dict):
        raise Unmappable([_other("is no JSON object, expected an e-CMR")])
    if any(member in value for member in settings.MEMBERS):
        return
    for member, kind in settings.OTHER_MESSAGES.items():
        if member in value:
            raise Unmappable([_other(f"is {kind}, expected the JSON form of UN/CEFACT e-CMR D23B")])


def _read(value: object) -> ECmr:
    beyond = list(islice(_beyond(value), MOST_FAULTS))
    try:
        message: ECmr = validate(ECmr, value)
    except Unmappable as error:
        raise Unmappable([*error.faults, *beyond][:MOST_FAULTS]) from None
    if beyond:
        raise Unmappable(beyond)
    return message


def _beyond(value: object) -> Iterator[Fault]:
    """Yield what the model does not say. The standard does not require a number, but a record is nothing without."""
    if not 1 <= len(_number(value)) <= settings.LONGEST_NUMBER:
        text = f"expected the number of the consignment note, of 1 to {settings.LONGEST_NUMBER} characters"
        yield Fault("/exchangedDocument/id/content", text, "send the note itself, with its number")
    yield from narrowing.faults(value)


def _number(value: object) -> str:
    for member in ("exchangedDocument", "id", "content"):
        value = value.get(member) if isinstance(value, dict) else None
    return value if isinstance(value, str) else ""


def _document(message: ECmr, number: str, found: tuple[Identifier, ...]) -> Content:
    content = _said(message.content())
    issue, context = content["document"], content.get("context", {})
    (consignment,) = content.get("consignments") or [{}]
    document: Content = {
        "document": {name: issue[name] for name in issue if name not in ISSUE_PARTIES},
        **{group: _some(consignment, names) for group, names in GROUPS.items()},
        "taking_over": _station(consignment, "taking_over"),
        "delivery": _station(consignment, "delivery"),
        **_some(consignment, ALONE),
    }
    return {
        "identifiers": list(found),
        "parties": [*_parties(consignment, PARTIES), *_parties(issue, ISSUE_PARTIES)],
        **{name: group for name, group in document.items() if group},
        "provenance": {
            "standard": settings.STANDARD,
            "version": settings.VERSION,
            "message_id": str(context.get("transaction", number))[: settings.LONGEST_NUMBER],
        },
    }


def _said(content: Any) -> Any:  # noqa: ANN401 - JSON
    """Return the content without empty texts, arrays and objects, which say nothing."""
    if isinstance(content, dict):
        kept = {name: _said(member) for name, member in content.items()}
        return {name: member for name, member in kept.items() if member not in (None, "", [], {})}
    if isinstance(content, list):
        return [member for member in map(_said, content) if member not in (None, "", [], {})]
    return content


def _some(content: Content, names: tuple[str, ...]) -> Content:
    return {name: content[name] for name in names if name in content}


def _station(consignment: Content, name: str) -> Content:
    """Return where, and when and how, the goods change hands."""
    return {part: consignment[f"{name}_{part}"] for part in ("place", "event") if f"{name}_{part}" in consignment}


def _parties(content: Content, roles: Mapping[str, str]) -> Iterator[Content]:
    for member, role in roles.items():
        named = content.get(member, [])
        for party in named if isinstance(named, list) else [named]:
            yield {"role": role, **party}
