"""Goods and equipment of a DCSA transport document."""

from typing import Annotated, Literal

from pydantic import Field

from connectors.messages import Country, Date, Instant, Lines, Message, upto


class Weight(Message):
    """`CargoGrossWeight`, `CargoNetWeight`, `GrossWeight`, `NetWeight`, `TareWeight`."""

    value: float
    unit: Literal["KGM", "LBR"]


class Volume(Message):
    """`CargoGrossVolume`, `CargoNetVolume`."""

    value: float
    unit: Literal["MTQ", "FTQ"]


class LiquidVolume(Message):
    """`NetVolume`."""

    value: float
    unit: Literal["MTQ", "FTQ", "LTR"]


class ExplosiveContent(Message):
    """`NetExplosiveContent`."""

    value: float
    unit: Literal["KGM", "LBR", "GRM", "ONZ"]


class License(Message):
    """`ExportLicense`, `ImportLicense`."""

    is_required: bool | None = None
    reference: Annotated[str, upto(35)] | None = None
    issue_date: Date | None = None
    expiry_date: Date | None = None


class Reference(Message):
    """`Reference`."""

    type: Annotated[str, upto(3)]
    value: Annotated[str, upto(35)]


class ItemReference(Message):
    """`ReferenceConsignmentItem`."""

    type: Annotated[str, upto(3)]
    values: Annotated[Lines, Field(min_length=1)]


class CustomsReference(Message):
    """`CustomsReference`."""

    type: Annotated[str, upto(50)]
    country_code: Country
    values: Annotated[Lines, Field(min_length=1)]


class NationalCommodityCode(Message):
    """`NationalCommodityCode`, `ExtendedNationalCommodityCode`."""

    type: Annotated[str, upto(10)]
    country_code: Country | None = None
    values: Annotated[Lines, Field(min_length=1)]


class InnerPackaging(Message):
    """`InnerPackaging`."""

    quantity: int
    material: Annotated[str, upto(100)]
    description: Annotated[str, upto(100)]
    inner_packagings: list["InnerPackaging"] | None = None


class EmergencyContact(Message):
    """`EmergencyContactDetails`."""

    contact: Annotated[str, upto(255)]
    provider: Annotated[str, upto(255)] | None = None
    phone: Annotated[str, upto(30)]
    reference_number: Annotated[str, upto(255)] | None = None


class Limits(Message):
    """`Limits`."""

    temperature_unit: Literal["CEL", "FAH"]
    flash_point: float | None = None
    transport_control_temperature: float | None = None
    transport_emergency_temperature: float | None = None
    self_accelerating_decomposition_temperature: float | None = Field(default=None, alias="SADT")
    self_accelerating_polymerization_temperature: float | None = Field(default=None, alias="SAPT")


class DangerousGoods(Message):
    """`DangerousGoods`."""

    un_number: Annotated[str, upto(4, pattern=r"^\d{4}$")] | None = Field(default=None, alias="UNNumber")
    na_number: Annotated[str, upto(4, pattern=r"^\d{4}$")] | None = Field(default=None, alias="NANumber")
    coded_variant_list: Annotated[str, upto(4)] | None = None
    proper_shipping_name: Annotated[str, upto(250)]
    technical_name: Annotated[str, upto(250)] | None = None
    imo_class: Annotated[str, upto(4)]
    subsidiary_risk1: Annotated[str, upto(3)] | None = None
    subsidiary_risk2: Annotated[str, upto(3)] | None = None
    is_marine_pollutant: bool | None = None
    packing_group: int | None = None
    is_limited_quantity: bool | None = None
    is_excepted_quantity: bool | None = None
    is_salvage_packings: bool | None = None
    is_empty_uncleaned_residue: bool | None = None
    is_waste: bool | None = None
    is_hot: bool | None = None
    is_competent_authority_approval_required: bool | None = None
    competent_authority_approval: Annotated[str, upto(70)] | None = None
    segregation_groups: Lines | None = None
    inner_packagings: list[InnerPackaging] | None = None
    emergency_contact: EmergencyContact | None = Field(default=None, alias="emergencyContactDetails")
    ems_number: Annotated[str, upto(7)] | None = Field(default=None, alias="EMSNumber")
    end_of_holding_time: Date | None = None
    fumigation_date_time: Instant | None = None
    is_reportable_quantity: bool | None = None
    inhalation_zone: Annotated[str, upto(1)] | None = None
    gross_weight: Weight | None = None
    net_weight: Weight | None = None
    net_explosive_content: ExplosiveContent | None = None
    net_volume: LiquidVolume | None = None
    limits: Limits | None = None


class OuterPackaging(Message):
    """`OuterPackaging`."""

    package_code: Annotated[str, upto(2)] | None = None
    imo_packaging_code: Annotated[str, upto(5)] | None = None
    number_of_packages: int
    description: Annotated[str, upto(100)]
    wood_declaration: Annotated[str, upto(30)] | None = None
    dangerous_goods: list[DangerousGoods] | None = None


class CargoItem(Message):
    """`CargoItem`."""

    equipment_reference: Annotated[str, upto(11)]
    cargo_gross_weight: Weight
    cargo_gross_volume: Volume | None = None
    cargo_net_weight: Weight | None = None
    cargo_net_volume: Volume | None = None
    export_license: License | None = None
    import_license: License | None = None
    outer_packaging: OuterPackaging
    national_commodity_codes: list[NationalCommodityCode] | None = None
    extended_national_commodity_codes: list[NationalCommodityCode] | None = None
    customs_references: list[CustomsReference] | None = None


class ConsignmentItem(Message):
    """`ConsignmentItem`."""

    carrier_booking_reference: Annotated[str, upto(35)]
    description_of_goods: Lines
    hs_codes: Annotated[Lines, Field(min_length=1)] = Field(alias="HSCodes")
    extended_hs_codes: Lines | None = Field(default=None, alias="extendedHSCodes")
    national_commodity_codes: list[NationalCommodityCode] | None = None
    extended_national_commodity_codes: list[NationalCommodityCode] | None = None
    shipping_marks: Lines | None = None
    cargo_items: list[CargoItem] = Field(min_length=1)
    export_license: License | None = None
    import_license: License | None = None
    references: list[ItemReference] | None = None
    customs_references: list[CustomsReference] | None = None


class ReeferSettings(Message):
    """`ActiveReeferSettings`."""

    temperature_setpoint: float | None = None
    temperature_unit: Literal["CEL", "FAH"] | None = None
    o2_setpoint: float | None = Field(default=None, alias="o2Setpoint")
    co2_setpoint: float | None = Field(default=None, alias="co2Setpoint")
    humidity_setpoint: float | None = None
    air_exchange_setpoint: float | None = None
    air_exchange_unit: Literal["MQH", "FQH"] | None = None
    is_ventilation_open: bool | None = None
    is_drainholes_open: bool | None = None
    is_bulb_mode: bool | None = None
    is_cold_treatment_required: bool | None = None
    is_controlled_atmosphere_required: bool | None = None


class Equipment(Message):
    """`Equipment`."""

    equipment_reference: Annotated[str, upto(11)]
    iso_equipment_code: Annotated[str, upto(4)] | None = Field(default=None, alias="ISOEquipmentCode")
    tare_weight: Weight | None = None


class Seal(Message):
    """`Seal`."""

    number: Annotated[str, upto(15)]
    source: Literal["CAR", "SHI", "VET", "CUS"] | None = None


class UtilizedTransportEquipment(Message):
    """`UtilizedTransportEquipment`."""

    equipment: Equipment
    is_shipper_owned: bool
    is_non_operating_reefer: bool | None = None
    active_reefer_settings: ReeferSettings | None = None
    shipping_marks: Lines | None = None
    seals: list[Seal]
    references: list[Reference] | None = None
    customs_references: list[CustomsReference] | None = None
