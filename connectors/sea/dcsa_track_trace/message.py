"""The events of DCSA Track & Trace 2.2 (DCSA_TNT 2.2.0, components of `GET /v2/events`)."""

from typing import Annotated, Literal

from pydantic import Field

from connectors.messages import Instant, Location, Message, upto

Classifier = Literal["PLN", "EST", "ACT"]
Facilities = Literal["BIC", "SMDG"]


class Address(Message):
    """`address`."""

    name: Annotated[str, upto(100)] | None = None
    street: Annotated[str, upto(100)] | None = None
    street_number: Annotated[str, upto(50)] | None = None
    floor: Annotated[str, upto(50)] | None = None
    post_code: Annotated[str, upto(50)] | None = None
    city: Annotated[str, upto(65)] | None = None
    state_region: Annotated[str, upto(65)] | None = None
    country: Annotated[str, upto(75)] | None = None


class Place(Message):
    """`location`."""

    location_name: Annotated[str, upto(100)] | None = None
    latitude: Annotated[str, upto(10)] | None = None
    longitude: Annotated[str, upto(11)] | None = None
    un_location_code: Location | None = Field(default=None, alias="UNLocationCode")
    facility_code: Annotated[str, upto(6)] | None = None
    facility_code_list_provider: Facilities | None = None
    address: Address | None = None


class Vessel(Message):
    """`vessel`."""

    imo_number: Annotated[str, upto(7)] = Field(alias="vesselIMONumber")
    name: Annotated[str, upto(50)] | None = Field(default=None, alias="vesselName")
    flag: Annotated[str, upto(2)] | None = Field(default=None, alias="vesselFlag")
    call_sign: Annotated[str, upto(18)] | None = Field(default=None, alias="vesselCallSignNumber")
    operator_carrier_code: Annotated[str, upto(10)] | None = Field(default=None, alias="vesselOperatorCarrierCode")
    operator_carrier_code_list: Literal["SMDG", "NMFTA"] | None = Field(
        default=None, alias="vesselOperatorCarrierCodeListProvider"
    )


class TransportCall(Message):
    """`transportCall`."""

    id: Annotated[str, upto(100)] | None = Field(default=None, alias="transportCallID")
    carrier_service_code: Annotated[str, upto(11)] | None = None
    carrier_voyage_number: Annotated[str, upto(50)] | None = None
    export_voyage_number: Annotated[str, upto(50)] | None = None
    import_voyage_number: Annotated[str, upto(50)] | None = None
    sequence_number: int | None = Field(default=None, alias="transportCallSequenceNumber")
    un_location_code: Location | None = Field(default=None, alias="UNLocationCode")
    facility_code: Annotated[str, upto(6)] | None = None
    facility_code_list_provider: Facilities | None = None
    facility_type_code: Literal["BOCR", "CLOC", "COFS", "COYA", "OFFD", "DEPO", "INTE", "POTE", "RAMP"] | None = None
    other_facility: Annotated[str, upto(50)] | None = None
    mode_of_transport: Literal["VESSEL", "RAIL", "TRUCK", "BARGE"] | None = None
    location: Place | None = None
    vessel: Vessel | None = None


class DocumentReference(Message):
    """An element of `documentReferences`."""

    type: Literal["BKG", "TRD"] = Field(alias="documentReferenceType")
    value: Annotated[str, upto(100)] = Field(alias="documentReferenceValue")


class Reference(Message):
    """`reference`."""

    type: Literal["FF", "SI", "PO", "CR", "AAO", "EQ"] = Field(alias="referenceType")
    value: Annotated[str, upto(100)] = Field(alias="referenceValue")


class Seal(Message):
    """`seal`."""

    number: Annotated[str, upto(15)] = Field(alias="sealNumber")
    source: Literal["CAR", "SHI", "PHY", "VET", "CUS"] | None = Field(default=None, alias="sealSource")
    type: Literal["KLP", "BLT", "WIR"] = Field(alias="sealType")


class Event(Message):
    """`baseEvent`."""

    event_id: Annotated[str, upto(36, pattern=r"^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$")] | None = Field(
        default=None, alias="eventID"
    )
    event_created_date_time: Instant
    event_classifier_code: Classifier
    event_date_time: Instant
    references: list[Reference] = Field(default_factory=list)


class TransportEvent(Event):
    """`transportEvent`."""

    event_type: Literal["TRANSPORT"]
    transport_event_type_code: Literal["ARRI", "DEPA"]
    delay_reason_code: Annotated[str, upto(3)] | None = None
    change_remark: Annotated[str, upto(250)] | None = None
    transport_call: TransportCall
    document_references: list[DocumentReference] = Field(default_factory=list)


class EquipmentEvent(Event):
    """`equipmentEvent`."""

    event_type: Literal["EQUIPMENT"]
    equipment_event_type_code: Literal[
        "LOAD", "DISC", "GTIN", "GTOT", "STUF", "STRP", "PICK", "DROP", "INSP", "RSEA", "RMVD"
    ]
    equipment_reference: Annotated[str, upto(15)] | None = None
    iso_equipment_code: Annotated[str, upto(4)] | None = Field(default=None, alias="ISOEquipmentCode")
    empty_indicator_code: Literal["EMPTY", "LADEN"]
    event_location: Place | None = None
    transport_call: TransportCall | None = None
    document_references: list[DocumentReference] = Field(default_factory=list)
    seals: list[Seal] = Field(default_factory=list)


class ShipmentEvent(Event):
    """`shipmentEvent`."""

    event_type: Literal["SHIPMENT"]
    shipment_event_type_code: Literal[
        "RECE",
        "DRFT",
        "PENA",
        "PENU",
        "REJE",
        "APPR",
        "ISSU",
        "SURR",
        "SUBM",
        "VOID",
        "CONF",
        "REQS",
        "CMPL",
        "HOLD",
        "RELS",
    ]
    document_id: Annotated[str, upto(100)] = Field(alias="documentID")
    document_type_code: Literal["CBR", "BKG", "SHI", "SRM", "TRD", "ARN", "VGM", "CAS", "CUS", "DGD", "OOG"]
    reason: Annotated[str, upto(5000)] | None = None
    document_references: list[DocumentReference] = Field(default_factory=list)


EVENTS: dict[str, type[TransportEvent | EquipmentEvent | ShipmentEvent]] = {
    "TRANSPORT": TransportEvent,
    "EQUIPMENT": EquipmentEvent,
    "SHIPMENT": ShipmentEvent,
}
"""By `eventType`."""
