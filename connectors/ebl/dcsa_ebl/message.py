"""The transport document of DCSA eBL 3.0.4 (`TransportDocument`): parties and cargo are in modules beside this one."""

from typing import Annotated, Literal

from pydantic import Field

from connectors.ebl.dcsa_ebl.cargo import (
    ConsignmentItem,
    CustomsReference,
    License,
    Reference,
    UtilizedTransportEquipment,
)
from connectors.ebl.dcsa_ebl.parties import Address, ContactDetail, DocumentParties
from connectors.messages import Country, Currency, Date, Lines, Location, Message, upto

Receipt = Literal["CY", "SD", "CFS"]


class Facility(Message):
    """`Facility`."""

    facility_code: Annotated[str, upto(6)]
    facility_code_list_provider: Literal["BIC", "SMDG"]


class City(Message):
    """`City`."""

    city: Annotated[str, upto(35)]
    state_region: Annotated[str, upto(65)] | None = None
    country_code: Country


class GeoCoordinate(Message):
    """`GeoCoordinate`."""

    latitude: Annotated[str, upto(10)]
    longitude: Annotated[str, upto(11)]


class Place(Message):
    """`PlaceOfReceipt`, `PortOfLoading`, `PortOfDischarge`, `PlaceOfDelivery`, `OnwardInlandRouting` and the others."""

    location_name: Annotated[str, upto(100)] | None = None
    facility_name: Annotated[str, upto(100)] | None = None
    address: Address | None = None
    address_lines: Lines | None = None
    city: City | None = None
    facility: Facility | None = None
    un_location_code: Location | None = Field(default=None, alias="UNLocationCode")
    geo_coordinate: GeoCoordinate | None = None


class VesselVoyage(Message):
    """`VesselVoyage`."""

    vessel_name: Annotated[str, upto(50)]
    carrier_export_voyage_number: Annotated[str, upto(50)]
    universal_export_voyage_reference: Annotated[str, upto(5, pattern=r"^\d{2}[0-9A-Z]{2}[NEWSR]$")] | None = None
    role: Annotated[str, upto(30)] | None = None


class Transports(Message):
    """`Transports`."""

    planned_arrival_date: Date
    planned_departure_date: Date
    pre_carriage_by: Annotated[str, upto(50)] | None = None
    on_carriage_by: Annotated[str, upto(50)] | None = None
    place_of_receipt: Place | None = None
    port_of_loading: Place
    port_of_discharge: Place
    place_of_delivery: Place | None = None
    onward_inland_routing: Place | None = None
    vessel_voyages: list[VesselVoyage] = Field(min_length=1)


class Charge(Message):
    """`Charge`."""

    charge_name: Annotated[str, upto(50)]
    extended_charge_name: Annotated[str, upto(100)] | None = None
    currency_amount: float
    currency_code: Currency
    payment_term_code: Literal["PRE", "COL"]
    calculation_basis: Annotated[str, upto(50)]
    unit_price: float
    quantity: float


class TransportDocument(Message):
    """`TransportDocument`."""

    transport_document_reference: Annotated[str, upto(20)]
    transport_document_sub_reference: Annotated[str, upto(100)] | None = None
    shipping_instructions_reference: Annotated[str, upto(100)] | None = None
    transport_document_status: Annotated[str, upto(50)]
    transport_document_type_code: Literal["BOL", "SWB"]
    is_shipped_on_board_type: bool
    freight_payment_term_code: Literal["PRE", "COL"] | None = None
    is_electronic: bool
    is_to_order: bool
    number_of_copies_with_charges: int | None = None
    number_of_copies_without_charges: int | None = None
    number_of_originals_with_charges: int | None = None
    number_of_originals_without_charges: int | None = None
    displayed_name_for_place_of_receipt: Lines | None = None
    displayed_name_for_port_of_load: Lines | None = None
    displayed_name_for_port_of_discharge: Lines | None = None
    displayed_name_for_place_of_delivery: Lines | None = None
    shipped_on_board_date: Date | None = None
    displayed_shipped_on_board_received_for_shipment: Annotated[str, upto(250)] | None = None
    terms_and_conditions: Annotated[str, upto(50_000)]
    receipt_type_at_origin: Receipt
    delivery_type_at_destination: Receipt
    cargo_movement_type_at_origin: Annotated[str, upto(3)]
    cargo_movement_type_at_destination: Annotated[str, upto(3)]
    issue_date: Date | None = None
    received_for_shipment_date: Date | None = None
    service_contract_reference: Annotated[str, upto(30)] | None = None
    contract_quotation_reference: Annotated[str, upto(35)] | None = None
    extended_contract_quotation_reference: Annotated[str, upto(70)] | None = None
    declared_value: float | None = None
    declared_value_currency: Currency | None = None
    carrier_code: Annotated[str, upto(4)]
    carrier_code_list_provider: Literal["SMDG", "NMFTA"]
    carrier_clauses: Lines | None = None
    number_of_rider_pages: int | None = None
    transports: Transports
    charges: list[Charge] | None = None
    place_of_issue: Place | None = None
    invoice_payable_at: Place
    party_contact_details: list[ContactDetail] = Field(min_length=1)
    document_parties: DocumentParties
    consignment_items: list[ConsignmentItem] = Field(min_length=1)
    utilized_transport_equipments: list[UtilizedTransportEquipment] = Field(min_length=1)
    export_license: License | None = None
    import_license: License | None = None
    references: list[Reference] | None = None
    customs_references: list[CustomsReference] | None = None
