"""The goods of an air waybill, and what is charged for them (`ApplicableRating`)."""

import re

from pydantic import Field

from connectors.air.cargo_xml.values import Amount, CargoXml, Measure
from connectors.xml_messages import Code, Count, CountryCode, Number, ShortCode, Text

WHOLE = re.compile(r"[A-Z]{3}[0-9]{4,5}[A-Z0-9]{2}")
"""A unit load device's whole number, which some senders give as its serial number."""


class Dimensions(CargoXml):
    """`LinearSpatialDimension`."""

    width: Measure = Field(alias="WidthMeasure")
    length: Measure = Field(alias="LengthMeasure")
    height: Measure = Field(alias="HeightMeasure")


class Packaging(CargoXml):
    """`TransportLogisticsPackage`: so many pieces of one size."""

    quantity: Count = Field(alias="ItemQuantity")
    gross_weight: Measure | None = Field(default=None, alias="GrossWeightMeasure")
    dimensions: Dimensions | None = Field(default=None, alias="LinearSpatialDimension")


class UnitLoadDevice(CargoXml):
    """`AssociatedUnitLoadTransportEquipment`."""

    serial_number: ShortCode = Field(alias="ID")
    type: ShortCode = Field(alias="CharacteristicCode")
    owner: ShortCode = Field(alias="OperatingParty/PrimaryID")
    tare_weight: Measure | None = Field(default=None, alias="TareWeightMeasure")
    packages: Count | None = Field(default=None, alias="LoadedPackageQuantity")

    @property
    def number(self) -> str:
        """Return type, serial number and owner in one, such as AKE12345XX (IATA ULD Regulations)."""
        return (
            self.serial_number if WHOLE.fullmatch(self.serial_number) else self.type + self.serial_number + self.owner
        )


class Charge(CargoXml):
    """`ApplicableFreightRateServiceCharge`."""

    category: Code | None = Field(default=None, alias="CategoryCode")
    commodity_item: Code | None = Field(default=None, alias="CommodityItemID")
    chargeable_weight: Measure = Field(alias="ChargeableWeightMeasure")
    rate: Number = Field(alias="AppliedRate")
    amount: Amount = Field(alias="AppliedAmount")


class UnitLoadDeviceRate(CargoXml):
    """`ApplicableUnitLoadDeviceRateClass`."""

    type: Code | None = Field(default=None, alias="TypeCode")
    basis: Code | None = Field(default=None, alias="BasisCode")
    percent: Number | None = Field(default=None, alias="AppliedPercent")
    reference: Code | None = Field(default=None, alias="ReferenceID")
    reference_type: Code | None = Field(default=None, alias="ReferenceTypeCode")


class Item(CargoXml):
    """`IncludedMasterConsignmentItem`: one line of the rate description."""

    sequence: Count = Field(alias="SequenceNumeric")
    commodity_codes: list[Code] = Field(default_factory=list, alias="TypeCode")
    gross_weight: Measure | None = Field(default=None, alias="GrossWeightMeasure")
    gross_volume: Measure | None = Field(default=None, alias="GrossVolumeMeasure")
    packages: Count | None = Field(default=None, alias="PackageQuantity")
    pieces: Count | None = Field(default=None, alias="PieceQuantity")
    volumetric_factor: Text | None = None
    information: Text | None = None
    description: Text | None = Field(default=None, alias="NatureIdentificationTransportCargo/Identification")
    origin_country: CountryCode | None = Field(default=None, alias="OriginCountry/ID")
    unit_load_devices: list[UnitLoadDevice] = Field(default_factory=list, alias="AssociatedUnitLoadTransportEquipment")
    packaging: list[Packaging] = Field(default_factory=list, alias="TransportLogisticsPackage")
    charge: Charge | None = Field(default=None, alias="ApplicableFreightRateServiceCharge")
    rate_combination_point: Code | None = Field(default=None, alias="SpecifiedRateCombinationPointLocation/ID")
    unit_load_device_rate: UnitLoadDeviceRate | None = Field(default=None, alias="ApplicableUnitLoadDeviceRateClass")


class Rating(CargoXml):
    """`ApplicableRating`."""

    type: Code = Field(alias="TypeCode")
    total_charge: Amount | None = Field(default=None, alias="TotalChargeAmount")
    number_of_items: Count | None = Field(default=None, alias="ConsignmentItemQuantity")
    items: list[Item] = Field(min_length=1, alias="IncludedMasterConsignmentItem")
