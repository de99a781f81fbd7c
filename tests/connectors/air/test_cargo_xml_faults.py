"""What the master air waybill of IATA Cargo-XML must be like: every fault has its place in the XML."""

import pytest

from connectors.base import Received
from connectors.errors import Unmappable
from connectors.registry import get
from tests.support.messages_air import AWB, replaced, waybill

CONSIGNMENT = "/Waybill/MasterConsignment"
MISSING = "is missing, and the standard requires it"


def faults(message: bytes) -> list[tuple[str, str]]:
    with pytest.raises(Unmappable) as refusal:
        get("cargo_xml").parse(Received("push", message))
    return [(fault.pointer, fault.message) for fault in refusal.value.faults]


def test_only_a_deletion_is_without_a_consignment() -> None:
    assert faults(waybill(MasterConsignment=None)) == [(CONSIGNMENT, MISSING)]


def test_an_empty_element_is_no_answer_to_what_is_required() -> None:
    place = f"{CONSIGNMENT}/ConsignorParty/PostalStructuredAddress/CityName"
    assert faults(waybill(CityName=" ")) == [(place, MISSING)]


REQUIRED = {
    "MessageHeaderDocument": ("ID", "Name", "TypeCode", "IssueDateTime", "PurposeCode", "VersionID", "SenderParty"),
    "MasterConsignment": (
        "TotalChargePrepaidIndicator",
        "TotalDisbursementPrepaidIndicator",
        "IncludedTareGrossWeightMeasure",
        "TotalPieceQuantity",
        "ConsignorParty",
        "ConsigneeParty",
        "OriginLocation",
        "FinalDestinationLocation",
        "ApplicableOriginCurrencyExchange",
        "ApplicableRating",
        "ApplicableTotalRating",
    ),
}


@pytest.mark.parametrize(("part", "name"), [(part, name) for part, names in REQUIRED.items() for name in names])
def test_what_the_standard_requires_is_asked_for(part: str, name: str) -> None:
    assert faults(waybill(**{name: None})) == [(f"/Waybill/{part}/{name}", MISSING)]


FAULTY = [
    (
        waybill(ScheduledOccurrenceDateTime="tomorrow"),
        "SpecifiedLogisticsTransportMovement[2]/ArrivalEvent/ScheduledOccurrenceDateTime",
        "expected a date-time such as 2026-11-24T09:00:00+08:00 (xsd:dateTime)",
    ),
    (
        waybill(TotalPieceQuantity="twelve"),
        "TotalPieceQuantity",
        "expected a decimal number of at most 15 digits such as 1042.5",
    ),
    (waybill(TotalPieceQuantity="12.5"), "TotalPieceQuantity", "expected a whole number such as 12"),
    (
        waybill(GrossVolumeMeasure="0.1234567890123456"),
        "GrossVolumeMeasure",
        "expected a decimal number of at most 15 digits such as 1042.5",
    ),
    (waybill(NilCarriageValueIndicator="yes"), "NilCarriageValueIndicator", "expected true or false"),
    (
        replaced(('currencyID="USD">48', 'currencyID="us$">48')),
        "DeclaredValueForCustomsAmount/@currencyID",
        "string should match pattern '^[A-Z]{3}$'",
    ),
    (
        replaced(
            (
                "<ram:CountryID>DE</ram:CountryID>\n      </ram:PostalStructuredAddress>\n    </ram:AssociatedParty>",
                "</ram:PostalStructuredAddress></ram:AssociatedParty>",
            )
        ),
        "AssociatedParty/PostalStructuredAddress/CountryID",
        MISSING,
    ),
    (
        replaced(("<ram:TypeCode>940520</ram:TypeCode>", "<ram:TypeCode><ram:ID>1</ram:ID></ram:TypeCode>")),
        "ApplicableRating/IncludedMasterConsignmentItem[1]/TypeCode[2]",
        "has elements within, expected text",
    ),
    (
        replaced(
            (
                "<ram:TotalPieceQuantity>12",
                "<ram:TotalPieceQuantity>1</ram:TotalPieceQuantity><ram:TotalPieceQuantity>12",
            )
        ),
        "TotalPieceQuantity[1]",
        "is there 2 times, expected once",
    ),
]


@pytest.mark.parametrize(("message", "place", "said"), FAULTY, ids=[each[1] for each in FAULTY])
def test_a_fault_has_its_place_in_the_xml(message: bytes, place: str, said: str) -> None:
    assert faults(message) == [(f"{CONSIGNMENT}/{place}", said)]


def test_every_fault_is_told_not_only_the_first() -> None:
    message = waybill(PurposeCode="Amendment", CountryID="Hong Kong", GrandTotalAmount=None)
    assert [place for place, _ in faults(message)] == [
        "/Waybill/MessageHeaderDocument/PurposeCode",
        f"{CONSIGNMENT}/ConsignorParty/PostalStructuredAddress/CountryID",
        f"{CONSIGNMENT}/ApplicableTotalRating/ApplicablePrepaidCollectMonetarySummation/GrandTotalAmount",
    ]


def test_a_number_is_written_as_the_standard_writes_it() -> None:
    expected = ("/Waybill/BusinessHeaderDocument/ID", "expected an air waybill number such as 020-12345675")
    for number in ("88810011002", "888-1001100", "\uff18\uff18\uff18-10011002", "888-10011002 A"):
        assert faults(replaced((f"<ram:ID>{AWB}</ram:ID>", f"<ram:ID>{number}</ram:ID>"))) == [expected]


OTHERS = [
    (b'<r:HouseWaybill xmlns:r="iata:housewaybill:1"/>', "/HouseWaybill", "a house waybill (XFZB)"),
    (b'<r:FlightManifest xmlns:r="iata:flightmanifest:1"/>', "/FlightManifest", "a flight manifest (XFFM)"),
    (b'<r:StatusMessage xmlns:r="iata:statusmessage:1"/>', "/StatusMessage", "a status message (XFSU)"),
    (b"<Waybill/>", "/Waybill", "no Cargo-XML waybill"),
    (b'<Waybill xmlns="urn:oasis:names:specification:ubl:schema:xsd:Waybill-2"/>', "/Waybill", "no Cargo-XML waybill"),
]


@pytest.mark.parametrize(("message", "place", "kind"), OTHERS, ids=[each[2] for each in OTHERS])
def test_another_message_is_refused_by_its_name(message: bytes, place: str, kind: str) -> None:
    expected = "expected a master air waybill (XFWB): Waybill of the namespace iata:waybill:1"
    assert faults(message) == [(place, f"is {kind}, {expected}")]
