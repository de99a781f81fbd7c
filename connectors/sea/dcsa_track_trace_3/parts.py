"""The parts of an event of DCSA Track & Trace 3.0 (DCSA_TNT 3.0.0, components).

The standard requires no member of any object. Required here is what an event cannot be told or ordered without.
"""

from typing import Annotated, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from connectors.messages import Date, Location, Message, upto

Code = Annotated[str, upto(10)]
Shipment = Literal[
    "AMCF", "AMCN", "AMDC", "AMPR", "AMRE", "APPR", "CACF", "CADC", "CANC", "CARE", "CMPL", "CONF", "DECL", "DRFT",
    "HOLD", "ISSU", "PENA", "PENM", "PENU", "PSAM", "PSDL", "RECE", "REJE", "RELS", "REQS", "SUAM", "SUBM", "SUDL",
    "SURR", "UPCF", "UPCN", "UPDC", "UPDT", "UPRE", "VOID",
]  # fmt: skip
Equipment = Literal[
    "AVDO", "AVPU", "CROS", "CUSI", "CUSR", "CUSS", "DISC", "DROP", "GTIN", "GTOT", "INSP", "LOAD", "PICK", "RMVD",
    "RSEA", "STRP", "STUF",
]  # fmt: skip


class Party(Message):
    """`Party`."""

    party_code: Annotated[str, upto(150)] | None = None
    code_list_provider: Annotated[str, upto(100)] | None = None
    code_list_name: Annotated[str, upto(100)] | None = None
    party_function: Annotated[str, upto(3)] | None = None


class EventRouting(Message):
    """`EventRouting`: only who the event comes from."""

    originating_party: Party | None = None


class Classification(Message):
    """`EventClassification`: the code that goes with the type must be there."""

    event_type_code: Literal["SHIPMENT", "TRANSPORT", "EQUIPMENT", "IOT", "REEFER"]
    event_classifier_code: Literal["PLN", "EST", "ACT"]
    shipment_event_type_code: Shipment | None = None
    transport_event_type_code: Literal["ARRI", "DEPA"] | None = None
    equipment_event_type_code: Equipment | None = None
    iot_event_type_code: Literal["DETC"] | None = None
    reefer_event_type_code: Literal["MEAS", "ADJU"] | None = None

    @property
    def code(self) -> str:
        """The code of the type of event."""
        return str(getattr(self, f"{self.event_type_code.lower()}_event_type_code"))

    @model_validator(mode="after")
    def _has_its_code(self) -> "Classification":
        member = f"{self.event_type_code.lower()}EventTypeCode"
        if getattr(self, f"{self.event_type_code.lower()}_event_type_code") is None:
            raise PydanticCustomError("code", "expected {member} beside eventTypeCode", {"member": member})
        return self


class Address(Message):
    """`Address`."""

    street: Annotated[str, upto(70)] | None = None
    street_number: Annotated[str, upto(50)] | None = None
    floor: Annotated[str, upto(50)] | None = None
    post_code: Annotated[str, upto(10)] | None = None
    po_box: Annotated[str, upto(20)] | None = Field(default=None, alias="POBox")
    city: Annotated[str, upto(35)] | None = None
    state_region: Annotated[str, upto(65)] | None = None
    country_code: Annotated[str, upto(2)] | None = None
    address_lines: Annotated[list[Annotated[str, upto(250)]], Field(max_length=5)] | None = None


class Facility(Message):
    """`Facility`."""

    facility_name: Annotated[str, upto(100)] | None = None
    facility_code: Annotated[str, upto(6)] | None = None
    facility_code_list_provider: Code | None = None


class GeoCoordinate(Message):
    """`GeoCoordinate`."""

    latitude: Annotated[str, upto(20)] | None = None
    longitude: Annotated[str, upto(20)] | None = None


class Place(Message):
    """`Location`."""

    location_name: Annotated[str, upto(100)] | None = None
    facility_type_code: Code | None = None
    un_location_code: Location | None = Field(default=None, alias="UNLocationCode")
    address: Address | None = None
    facility: Facility | None = None
    geo_coordinate: GeoCoordinate | None = None


class DocumentReference(Message):
    """`DocumentReference`."""

    type: Code = Field(alias="typeCode")
    number: Annotated[str, upto(100)] = Field(alias="reference")


class DocumentReplacement(Message):
    """`DocumentReferenceReplacement`."""

    old: list[DocumentReference] = Field(default_factory=list, alias="oldReferences")
    new: list[DocumentReference] = Field(default_factory=list, alias="newReferences")


class ShipmentReference(Message):
    """`ShipmentReference`."""

    type: Code = Field(alias="typeCode")
    value: Annotated[str, upto(100)] = Field(alias="reference")


class ReferenceReplacement(Message):
    """`ShipmentReferenceReplacement`."""

    old: list[ShipmentReference] = Field(default_factory=list, alias="oldReferences")
    new: list[ShipmentReference] = Field(default_factory=list, alias="newReferences")


class ShipmentDetails(Message):
    """`ShipmentDetails`."""

    document: DocumentReference | None = Field(default=None, alias="documentReference")
    documents: list[DocumentReference] = Field(default_factory=list, alias="additionalDocumentReferences")
    document_replacements: list[DocumentReplacement] = Field(
        default_factory=list, alias="documentReferenceReplacements"
    )
    references: list[ShipmentReference] = Field(default_factory=list, alias="shipmentReferences")
    reference_replacements: list[ReferenceReplacement] = Field(
        default_factory=list, alias="shipmentReferenceReplacements"
    )
    location_type: Code | None = Field(default=None, alias="shipmentLocationType")
    reason: Annotated[str, upto(5000)] | None = None
    price_calculation_date: Date | None = None


class Seal(Message):
    """`Seal`."""

    number: Annotated[str, upto(15)]
    source: Code | None = None
    type: Code | None = None
    placement: Code | None = None


class EquipmentDetails(Message):
    """`EquipmentDetails`."""

    number: Annotated[str, upto(11)] | None = Field(default=None, alias="equipmentReference")
    iso_code: Annotated[str, upto(4)] | None = Field(default=None, alias="ISOEquipmentCode")
    empty_indicator: Code | None = Field(default=None, alias="emptyIndicatorCode")
    movement_type: Annotated[str, upto(20)] | None = None
    seals: list[Seal] = Field(default_factory=list)


class Service(Message):
    """`ServiceCodeOrReference`."""

    carrier_service_code: Annotated[str, upto(11)] | None = None
    universal_service_reference: Annotated[str, upto(8)] | None = None


class Voyage(Message):
    """`VoyageNumberOrReference`."""

    carrier_voyage_number: Annotated[str, upto(50)] | None = None
    universal_voyage_reference: Annotated[str, upto(5)] | None = None


class Vessel(Message):
    """`VesselTransport`."""

    imo_number: Annotated[str, upto(8)] | None = Field(default=None, alias="vesselIMONumber")
    name: Annotated[str, upto(50)] | None = Field(default=None, alias="vesselName")
    flag: Annotated[str, upto(2)] | None = Field(default=None, alias="vesselFlag")
    call_sign: Annotated[str, upto(10)] | None = Field(default=None, alias="vesselCallSign")
    operator_carrier_code: Code | None = None
    operator_carrier_code_list: Code | None = Field(default=None, alias="operatorCarrierCodeListProvider")


class Rail(Message):
    """`RailTransport`."""

    rail_car_reference: Annotated[str, upto(50)] | None = None
    rail_service_reference: Annotated[str, upto(50)] | None = None
    departure_id: Annotated[str, upto(100)] | None = Field(default=None, alias="departureID")


class Vehicle(Message):
    """`VehicleDetails`."""

    license_plate: Annotated[str, upto(15)] | None = None
    vehicle_identification_number: Annotated[str, upto(17)] | None = None


class Truck(Message):
    """`TruckTransport`."""

    tractor: Vehicle | None = Field(default=None, alias="tractorDetails")
    trailer: Vehicle | None = Field(default=None, alias="trailerDetails")
