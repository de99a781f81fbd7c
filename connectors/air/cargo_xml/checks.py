"""What is strange about an air waybill, though it can be mapped: warned about, and kept."""

from collections.abc import Iterator, Mapping

from connectors.air.cargo_xml.cargo import Item, Rating
from connectors.air.cargo_xml.charges import Summation
from connectors.air.cargo_xml.message import Consignment, Deletion, Waybill
from connectors.air.cargo_xml.settings import DATA_MODEL, WAYBILL
from connectors.air.cargo_xml.values import Amount
from connectors.base import Fault
from connectors.identifiers import warning
from connectors.messages import unlikely
from connectors.xml import Element
from connectors.xml_messages import in_utc

HEADER, NUMBER = "/Waybill/MessageHeaderDocument", "/Waybill/BusinessHeaderDocument/ID"
CLOSE = 0.05
"""By how much weights may differ that are rounded to one decimal."""
CENT = 0.011
"""By how much amounts may differ that are rounded to cents."""


def warnings_of_header(message: Deletion | Waybill) -> Iterator[Fault]:
    """Yield what is strange about a message's version, time and number."""
    header = message.message
    if not header.version.startswith("3"):
        yield Fault(f"{HEADER}/VersionID", "is not 3.00, as which it is read", "check what the sender's system makes")
    if in_utc(header.message_issued) != header.message_issued:
        said = "has no offset from UTC, and counts as UTC to tell newer from older"
        yield Fault(f"{HEADER}/IssueDateTime", said, "send it as 2026-11-24T09:00:00+08:00")
    yield from unlikely(header.message_issued, f"{HEADER}/IssueDateTime")
    yield from warning("mawb", message.business.number, NUMBER)


def warnings_of_waybill(message: Waybill, root: Element) -> Iterator[Fault]:
    """Yield what is strange about a waybill: its header, and counts and weights that contradict each other."""
    yield from warnings_of_header(message)
    (consignment,) = root.select(f"{{{WAYBILL}}}MasterConsignment")
    ratings = consignment.select(f"{{{DATA_MODEL}}}ApplicableRating")
    for rating, element in zip(message.consignment.ratings, ratings, strict=True):
        yield from _of_rating(rating, element, message.consignment)
        items = element.select(f"{{{DATA_MODEL}}}IncludedMasterConsignmentItem")
        for item, part in zip(rating.items, items, strict=True):
            yield from _of_item(item, part)
    charged = _charged(message.consignment)
    totals = consignment.select(f"{{{DATA_MODEL}}}ApplicableTotalRating")
    for total, element in zip(message.consignment.totals, totals, strict=True):
        for summation in total.sums:
            yield from _of_sum(summation, charged, element)


def _of_rating(rating: Rating, element: Element, consignment: Consignment) -> Iterator[Fault]:
    pieces = [item.pieces for item in rating.items if item.pieces is not None]
    if pieces and sum(pieces) != consignment.pieces:
        yield _contradiction(element, "its items are not as many pieces as TotalPieceQuantity says")
    weights = [item.gross_weight for item in rating.items if item.gross_weight is not None]
    whole = consignment.gross_weight
    total = sum(each.value for each in weights)
    if weights and {each.unit for each in weights} == {whole.unit} and abs(total - whole.value) > CLOSE * len(weights):
        yield _contradiction(element, "its items do not weigh what IncludedTareGrossWeightMeasure says")


def _of_item(item: Item, element: Element) -> Iterator[Fault]:
    quantity = sum(each.quantity for each in item.packaging)
    if item.pieces is not None and item.packaging and quantity != item.pieces:
        yield _contradiction(element, "its TransportLogisticsPackage are not as many pieces as PieceQuantity says")


def _charged(consignment: Consignment) -> Mapping[tuple[str, bool], float]:
    """Return the sum of the other charges, by whom they are due to and whether they are prepaid."""
    found: dict[tuple[str, bool], float] = {}
    for each in consignment.other_charges:
        found[each.due, each.is_prepaid] = found.get((each.due, each.is_prepaid), 0) + each.amount.value
    return found


def _of_sum(summation: Summation, charged: Mapping[tuple[str, bool], float], element: Element) -> Iterator[Fault]:
    parts = ("weight_charge", "valuation_charge", "tax", "due_agent", "due_carrier")
    amounts: list[Amount] = [each for each in (getattr(summation, name) for name in parts) if each is not None]
    if amounts and abs(sum(each.value for each in amounts) - summation.grand_total.value) > CENT:
        yield _contradiction(element, "its amounts do not add up to GrandTotalAmount")
    for due, name, total in (("A", "Agent", summation.due_agent), ("C", "Carrier", summation.due_carrier)):
        other = charged.get((due, summation.is_prepaid))
        if other is not None and total is not None and abs(other - total.value) > CENT:
            yield _contradiction(element, f"the other charges do not add up to {name}TotalDuePayableAmount")


def _contradiction(element: Element, message: str) -> Fault:
    return Fault(element.place, message, "check which is right; both are kept")
