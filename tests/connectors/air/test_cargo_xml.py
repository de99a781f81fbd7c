"""IATA Cargo-XML XFWB 3.00: the master air waybill."""

import json
import time
from typing import Any

import pytest

import schemas
from connectors.base import Mapped, Received
from connectors.registry import get
from tests.support.messages_air import AWB, FLIGHT, HOUSE, replaced, waybill

CONNECTOR = get("cargo_xml")
AIRLINE = {"list": "IATA", "code": "888"}
MAWB = {"scheme": "mawb", "issuer": AIRLINE, "value": AWB}
EXAMPLES = schemas.PRODUCTS / "air_waybill" / "examples" / "valid"
CONSIGNMENT = "/Waybill/MasterConsignment"
ITEM = f"{CONSIGNMENT}/ApplicableRating/IncludedMasterConsignmentItem[1]"


def parse(message: bytes) -> Mapped:
    (mapped,) = CONNECTOR.parse(Received("push", message)).items
    assert schemas.faults(mapped.product, mapped.version, mapped.document) == []
    return mapped


def warnings(message: bytes) -> list[tuple[str, str]]:
    return [(fault.pointer, fault.message) for fault in parse(message).warnings]


def example(name: str) -> Any:
    return json.loads((EXAMPLES / f"{name}.json").read_text())


def test_a_waybill_is_mapped_whole() -> None:
    assert parse(waybill()).document == example("master")
    assert warnings(waybill()) == []


def test_a_waybill_is_identified_by_its_number_and_what_it_names() -> None:
    mapped = parse(waybill())
    assert mapped.identifiers == (
        MAWB,
        {"scheme": "hawb", "value": HOUSE},
        {"scheme": "ucr", "value": "6HK123456789-118"},
        {"scheme": "flight", "value": FLIGHT},
        {"scheme": "uld", "value": "PMC88836XX"},
    )
    assert mapped.owner_references == (MAWB,)
    assert (mapped.key, mapped.revision) == (AWB, "2026-11-20T08:30:00.000000Z")


def test_a_waybill_without_house_waybills_is_direct() -> None:
    assert parse(waybill(TypeCode="740")).document["document"]["type"] == "direct"


def test_a_deletion_says_nothing_but_that_the_waybill_is_void() -> None:
    mapped = parse(waybill(PurposeCode="Deletion"))
    assert mapped.document == example("voided")
    assert (mapped.key, mapped.revision) == (AWB, "2026-11-20T08:30:00.000000Z/retracted")
    assert mapped.owner_references == (MAWB,)


def test_a_deletion_needs_no_consignment() -> None:
    assert parse(waybill(PurposeCode="Deletion", MasterConsignment=None)).document == example("voided")


def test_prefixes_order_and_unknown_elements_do_not_matter() -> None:
    written_otherwise = (
        replaced(
            ("<ram:", "<"), ("</ram:", "</"), ("xmlns:ram=", "xmlns="), ("rsm:", "ns2:"), ("xmlns:rsm=", "xmlns:ns2=")
        ),
        replaced(
            ("<ram:TypeCode>741</ram:TypeCode>", ""),
            ("<ram:SenderParty>", "<ram:TypeCode>741</ram:TypeCode><ram:SenderParty>"),
        ),
        replaced(("<ram:ID>PF-118</ram:ID>", '<ram:ID>PF-118</ram:ID><New xmlns="iata:datamodel:4"><ID>1</ID></New>')),
        replaced(("<rsm:MasterConsignment>", "<rsm:MasterConsignment><ram:Unheard>of</ram:Unheard>")),
    )
    for message in written_otherwise:
        assert parse(message).document == example("master")


def test_an_empty_element_is_as_if_it_were_not_there() -> None:
    empty = "<ram:ProductID/><ram:HandlingOSIInstructions> </ram:HandlingOSIInstructions><ram:AssociatedParty/>"
    assert parse(replaced(("<ram:ConsignorParty>", f"{empty}<ram:ConsignorParty>"))).document == example("master")


def test_goods_that_a_second_rating_repeats_are_there_once_and_its_rates_as_well() -> None:
    message = replaced(("<ram:ApplicableRating>", SECOND_RATING + "<ram:ApplicableRating>"))
    document = parse(message).document
    assert [item["sequence"] for item in document["cargo"]["items"]] == [2, 1]
    assert [rating["type"] for rating in document["terms"]["ratings"]] == ["A", "F"]


SECOND_RATING = """<ram:ApplicableRating>
  <ram:TypeCode>A</ram:TypeCode>
  <ram:IncludedMasterConsignmentItem>
    <ram:SequenceNumeric>2</ram:SequenceNumeric><ram:Information>NDA</ram:Information>
  </ram:IncludedMasterConsignmentItem>
</ram:ApplicableRating>"""


def test_a_unit_load_device_may_be_given_by_its_whole_number() -> None:
    uld = parse(replaced(("<ram:ID>88836</ram:ID>", "<ram:ID>PMC88836XX</ram:ID>"))).identifiers[-1]
    assert uld == {"scheme": "uld", "value": "PMC88836XX"}


def test_notes_that_may_name_a_person_are_apart() -> None:
    message = replaced(("<ram:ContentCode>U</ram:ContentCode>", "<ram:ContentCode>ZZ</ram:ContentCode>"))
    customs = parse(message).document["customs"]
    assert [note["code"] for note in customs["personal_notes"]] == ["ZZ", "CP"]
    assert "notes" not in customs


def test_a_time_of_issue_without_offset_orders_as_if_it_were_utc_and_is_warned_about() -> None:
    mapped = parse(waybill(IssueDateTime="2026-11-20T16:30:00.25"))
    assert mapped.revision == "2026-11-20T16:30:00.250000Z"
    assert mapped.document["document"]["message_issued"] == "2026-11-20T16:30:00.25"
    assert [(each.pointer, each.message) for each in mapped.warnings] == [
        (
            "/Waybill/MessageHeaderDocument/IssueDateTime",
            "has no offset from UTC, and counts as UTC to tell newer from older",
        )
    ]


CHECKS = [
    ({"VersionID": "2.00"}, "/Waybill/MessageHeaderDocument/VersionID", "is not 3.00, as which it is read"),
    (
        {"IssueDateTime": "1970-01-01T00:00:00Z"},
        "/Waybill/MessageHeaderDocument/IssueDateTime",
        "lies outside the years 2000 to 2090",
    ),
    (
        {"TotalPieceQuantity": "13"},
        f"{CONSIGNMENT}/ApplicableRating",
        "its items are not as many pieces as TotalPieceQuantity says",
    ),
    (
        {"IncludedTareGrossWeightMeasure": "920.5"},
        f"{CONSIGNMENT}/ApplicableRating",
        "its items do not weigh what IncludedTareGrossWeightMeasure says",
    ),
    (
        {"ItemQuantity": "11"},
        ITEM,
        "its TransportLogisticsPackage are not as many pieces as PieceQuantity says",
    ),
    (
        {"GrandTotalAmount": "2625.70"},
        f"{CONSIGNMENT}/ApplicableTotalRating",
        "its amounts do not add up to GrandTotalAmount",
    ),
    (
        {"ActualAmount": "1328.20"},
        f"{CONSIGNMENT}/ApplicableTotalRating",
        "the other charges do not add up to CarrierTotalDuePayableAmount",
    ),
]


@pytest.mark.parametrize(("changes", "place", "message"), CHECKS, ids=[each[2] for each in CHECKS])
def test_what_is_strange_is_warned_about_and_kept(changes: dict[str, str | None], place: str, message: str) -> None:
    assert warnings(waybill(**changes)) == [(place, message)]


def test_a_number_with_a_wrong_check_digit_is_kept_as_it_came() -> None:
    message = replaced((AWB, "888-10011003"))
    assert parse(message).key == "888-10011003"
    assert warnings(message) == [("/Waybill/BusinessHeaderDocument/ID", "is no mawb with right check digits")]


CHARGE = """<ram:ApplicableLogisticsAllowanceCharge>
  <ram:ID>MY</ram:ID><ram:PrepaidIndicator>true</ram:PrepaidIndicator><ram:PartyTypeCode>C</ram:PartyTypeCode>
  <ram:ActualAmount currencyID="USD">1</ram:ActualAmount>
</ram:ApplicableLogisticsAllowanceCharge>"""
SUM = """<ram:ApplicablePrepaidCollectMonetarySummation>
  <ram:PrepaidIndicator>true</ram:PrepaidIndicator>
  <ram:CarrierTotalDuePayableAmount>1</ram:CarrierTotalDuePayableAmount><ram:GrandTotalAmount>1</ram:GrandTotalAmount>
</ram:ApplicablePrepaidCollectMonetarySummation>"""


def test_many_charges_and_totals_take_seconds_and_make_a_hundred_warnings_at_most() -> None:
    first = "<ram:ApplicablePrepaidCollectMonetarySummation>"
    message = replaced(
        ("<ram:ApplicableRating>", CHARGE * 9000 + "<ram:ApplicableRating>"), (first, SUM * 9000 + first)
    )
    start = time.process_time()
    (mapped,) = CONNECTOR.parse(Received("push", message)).items
    assert time.process_time() - start < 10
    assert len(mapped.warnings) == 100
