"""Goods, packages, equipment and referenced documents of an e-CMR. Members have the names of the product."""

from typing import Annotated, Literal

from pydantic import Field

from connectors.road.ecmr import codes
from connectors.road.ecmr.parties import Contact, Country, Note, Period
from connectors.road.ecmr.quantities import Amount, Count, Formatted, Measure, Numeric, Temperature, Volume, Weight
from connectors.road.ecmr.values import (
    Code,
    CommodityCode,
    Entity,
    Id,
    Listed,
    Many,
    Maybe,
    One,
    Part,
    PlainCode,
    PlainId,
    SealingPartyCode,
    Text,
    among,
)

DocumentKind = Annotated[str, among(codes.DOCUMENTS, "UNTDID 1001 (kinds of documents)")]
PackageKind = Annotated[str, among(codes.PACKAGES, "UNECE Recommendation 21 (packages)")]


class File(Entity):
    """`binaryFileType`: where a file is, not the file."""

    identifier: Maybe[One[PlainId]] = Field(default=None, alias="id")
    uri: Maybe[PlainId] = None
    mime_type: Maybe[PlainCode] = Field(default=None, alias="mimeCode")
    encoding: Maybe[PlainCode] = Field(default=None, alias="encodingCode")
    character_set: Maybe[PlainCode] = Field(default=None, alias="characterSetCode")
    size: Maybe[Measure] = None


class ReferencedDocument(Entity):
    """`referencedDocumentType`."""

    type_code: Maybe[Listed[DocumentKind]] = None
    number: Maybe[One[PlainId]] = Field(default=None, alias="id")
    remarks: Maybe[Many[Text]] = None
    issued: Maybe[Formatted] = Field(default=None, alias="issueDateTime")
    effective: Maybe[Period] = Field(default=None, alias="effectivePeriod")
    files: Maybe[Many[File]] = Field(default=None, alias="attachedBinaryFile")


class TemperatureInstructions(Part):
    """`temperatureSettingInstructionsType`."""

    description: Maybe[One[Text]] = None


class TemperatureSetting(Part):
    """`transportSettingTemperatureType`."""

    minimum: Maybe[Temperature] = Field(default=None, alias="minimumValue")
    maximum: Maybe[Temperature] = Field(default=None, alias="maximumValue")
    instructions: Maybe[TemperatureInstructions] = Field(
        default=None, alias="informationTemperatureSettingInstructions"
    )


class Instructions(Part):
    """`instructionsType`, `deliveryInstructionsType`."""

    description: Maybe[One[Text]] = None
    code: Maybe[PlainCode] = Field(default=None, alias="descriptionCode")


class HandlingInstructions(Entity):
    """`handlingInstructionsType`."""

    description: Maybe[One[Text]] = None
    code: Maybe[One[PlainCode]] = Field(default=None, alias="descriptionCode")
    temperature: Maybe[One[TemperatureSetting]] = Field(default=None, alias="applicableTransportSettingTemperature")


class Label(Entity):
    """`logisticsLabelType`."""

    identifier: Maybe[Id] = Field(default=None, alias="id")


class ShippingMarks(Part):
    """`logisticsShippingMarksType`."""

    marking: Maybe[One[Text]] = None
    barcodes: Maybe[Many[Label]] = Field(default=None, alias="barcodeLogisticsLabel")


class Package(Entity):
    """`logisticsPackageType`."""

    quantity: Maybe[Measure] = Field(default=None, alias="itemQuantity")
    level_code: Maybe[Listed[Literal["1", "2", "3", "4", "5", "6"]]] = None
    type_codes: Maybe[Many[Listed[PackageKind]]] = Field(default=None, alias="typeCode")
    types: Maybe[Many[Text]] = Field(default=None, alias="type")
    identifiers: Maybe[Many[PlainId]] = Field(default=None, alias="id")
    returnable: Maybe[bool] = Field(default=None, alias="isOrHasReturnable")
    shipping_marks: Maybe[Many[ShippingMarks]] = Field(default=None, alias="physicalLogisticsShippingMarks")


class Measurement(Part):
    """`measurementType`."""

    actual: Maybe[One[Measure]] = None


class DangerousGoods(Entity):
    """`dangerousGoodsType`."""

    un_number: Maybe[PlainCode] = Field(default=None, alias="undgIdCode")
    regulation_code: Maybe[Listed[Literal["ADR"]]] = None
    technical_name: Maybe[One[Text]] = None
    upper_placard: Maybe[Id] = Field(default=None, alias="upperPartOrangeHazardPlacardId")
    lower_placard: Maybe[Id] = Field(default=None, alias="lowerPartOrangeHazardPlacardId")
    packing_danger_level: Maybe[Listed[Literal["1", "2", "3", "4"]]] = Field(
        default=None, alias="packagingDangerLevelCode"
    )
    proper_shipping_name: Maybe[Text] = None
    transport_expert: Maybe[Contact] = Field(default=None, alias="transportExpertTradeContact")
    emergency_contact: Maybe[Contact] = Field(default=None, alias="emergencyTradeContact")
    flashpoint: Maybe[One[Measurement]] = Field(default=None, alias="flashpointTemperatureMeasurement")


class Cargo(Part):
    """`cargoType`."""

    description: Maybe[Many[Text]] = Field(default=None, alias="id")
    classification_code: Maybe[CommodityCode] = Field(default=None, alias="statisticalClassificationCode")


class LoadedEquipment(Entity):
    """`referencedLogisticsTransportEquipmentType`."""

    identifier: Maybe[PlainId] = Field(default=None, alias="id")
    package_quantity: Maybe[Count] = Field(default=None, alias="loadedPackageQuantity")


class Item(Entity):
    """`consignmentItemType`."""

    sequence: Maybe[Numeric] = Field(default=None, alias="sequenceNumeric")
    type_code: Maybe[CommodityCode] = None
    invoice_amount: Maybe[One[Amount]] = None
    gross_weight: Maybe[One[Weight]] = None
    gross_volume: Maybe[One[Volume]] = None
    tariff_quantity: Maybe[Measure] = None
    identifier: Maybe[One[Id]] = Field(default=None, alias="globalId")
    nature: Maybe[One[Cargo]] = Field(default=None, alias="natureIdCargo")
    dangerous_goods: Maybe[Many[DangerousGoods]] = Field(default=None, alias="applicableDangerousGoods")
    handling_instructions: Maybe[Many[HandlingInstructions]] = None
    origin_country: Maybe[Country] = Field(default=None, alias="originTradeCountry")
    destination_country: Maybe[Country] = Field(default=None, alias="destinationTradeCountry")
    equipment: Maybe[Many[LoadedEquipment]] = Field(
        default=None, alias="associatedReferencedLogisticsTransportEquipment"
    )
    documents: Maybe[Many[ReferencedDocument]] = Field(default=None, alias="associatedReferencedDocument")
    packages: Maybe[Many[Package]] = Field(default=None, alias="transportLogisticsPackage")
    previous_documents: Maybe[Many[ReferencedDocument]] = Field(
        default=None, alias="previousAdministrativeReferencedDocument"
    )
    notes: Maybe[Many[Note]] = Field(default=None, alias="applicableNote")


class Seal(Entity):
    """`logisticsSealType`."""

    identifier: Maybe[One[Id]] = Field(default=None, alias="id")
    condition_codes: Maybe[Many[Listed[Literal["1", "2", "3", "4", "5"]]]] = Field(default=None, alias="conditionCode")
    sealed_by: Maybe[SealingPartyCode] = Field(default=None, alias="sealingPartyRoleCode")


class Equipment(Entity):
    """`logisticsTransportEquipmentType`: container, trailer, tank."""

    identifier: Maybe[PlainId] = Field(default=None, alias="id")
    package_quantity: Maybe[Count] = Field(default=None, alias="loadedPackageQuantity")
    category_code: Maybe[Listed[Literal["BX", "CN", "SM", "TE", "TN"]]] = None
    characteristic_code: Maybe[Code] = None
    sealed: Maybe[bool] = Field(default=None, alias="isOrHasSealed")
    returnable: Maybe[bool] = Field(default=None, alias="isOrHasReturnable")
    seals: Maybe[Many[Seal]] = Field(default=None, alias="affixedLogisticsSeal")
    temperatures: Maybe[Many[TemperatureSetting]] = Field(default=None, alias="settingTransportSettingTemperature")
    notes: Maybe[Many[Note]] = Field(default=None, alias="applicableNote")
