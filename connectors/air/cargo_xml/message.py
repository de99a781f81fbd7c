"""The master air waybill of IATA Cargo-XML, XFWB 3.00 (`Waybill`): parties, cargo and charges are in modules beside it.

Required is what the standard's schema requires. Lists of codes that it leaves open are open here.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from connectors.air.cargo_xml import settings
from connectors.air.cargo_xml.cargo import Rating
from connectors.air.cargo_xml.charges import AccountingNote, CurrencyExchange, Note, OtherCharge, Total
from connectors.air.cargo_xml.parties import AssociatedParty, FreightForwarder, Party
from connectors.air.cargo_xml.values import Airport, Amount, CargoXml, Instruction, Location, Measure, SpecialHandling
from connectors.xml_messages import TOKEN, Code, Count, CountryCode, CurrencyCode, Flag, Moment, Text, matching

AirWaybillNumber = Annotated[str, matching(r"[0-9]{3}-[0-9]{8}", "an air waybill number such as 020-12345675")]


class MessageHeader(CargoXml):
    """`MessageHeaderDocument`."""

    message_id: Text = Field(alias="ID")
    name: Text
    type: Annotated[Literal["740", "741"], TOKEN] = Field(alias="TypeCode")
    message_issued: Moment = Field(alias="IssueDateTime")
    purpose: Annotated[Literal["Creation", "Update", "Deletion"], TOKEN] = Field(alias="PurposeCode")
    version: Code = Field(alias="VersionID")
    conversation: Code | None = Field(default=None, alias="ConversationID")
    senders: list[Code] = Field(min_length=1, alias="SenderParty/PrimaryID")
    recipients: list[Code] = Field(min_length=1, alias="RecipientParty/PrimaryID")


class Named(CargoXml):
    """`BusinessHeaderDocument`, as far as a deletion needs it."""

    number: AirWaybillNumber = Field(alias="ID")


class BusinessHeader(Named):
    """`BusinessHeaderDocument`."""

    sender_reference: Code | None = Field(default=None, alias="SenderAssignedID")
    notes: list[Note] = Field(default_factory=list, alias="IncludedHeaderNote")
    consignor_signatory: Text | None = Field(default=None, alias="SignatoryConsignorAuthentication/Signatory")
    executed: Moment = Field(alias="SignatoryCarrierAuthentication/ActualDateTime")
    carrier_signatory: Text = Field(alias="SignatoryCarrierAuthentication/Signatory")
    executed_at: Text = Field(alias="SignatoryCarrierAuthentication/IssueAuthenticationLocation/Name")


class Movement(CargoXml):
    """`SpecifiedLogisticsTransportMovement`."""

    stage: Code = Field(alias="StageCode")
    mode_code: Code | None = None
    mode: Text | None = None
    id: Code | None = Field(default=None, alias="ID")
    sequence: Count | None = Field(default=None, alias="SequenceNumeric")
    carrier: Text | None = Field(default=None, alias="UsedLogisticsTransportMeans/Name")
    scheduled_arrival: Moment | None = Field(default=None, alias="ArrivalEvent/ScheduledOccurrenceDateTime")
    arrival_at: Location | None = Field(default=None, alias="ArrivalEvent/OccurrenceArrivalLocation")
    scheduled_departure: Moment | None = Field(default=None, alias="DepartureEvent/ScheduledOccurrenceDateTime")
    departure_from: Location | None = Field(default=None, alias="DepartureEvent/OccurrenceDepartureLocation")


class TransportEquipment(CargoXml):
    """`UtilizedLogisticsTransportEquipment`."""

    id: Code | None = Field(default=None, alias="ID")
    type: Code | None = Field(default=None, alias="CharacteristicCode")
    description: Text | None = Field(default=None, alias="Characteristic")
    seal: Code | None = Field(default=None, alias="AffixedLogisticsSeal/ID")


class CustomsNote(CargoXml):
    """`IncludedCustomsNote`."""

    code: Code | None = Field(default=None, alias="ContentCode")
    text: Text = Field(alias="Content")
    subject: Code | None = Field(default=None, alias="SubjectCode")
    country_code: CountryCode | None = Field(default=None, alias="CountryID")


class ReferencedDocument(CargoXml):
    """`AssociatedReferenceDocument`."""

    id: Code = Field(alias="ID")
    issued: Moment | None = Field(default=None, alias="IssueDateTime")
    type: Code = Field(alias="TypeCode")
    name: Text | None = None


class Consignment(CargoXml):
    """`MasterConsignment`."""

    consignment_id: Code | None = Field(default=None, alias="ID")
    additional_id: Code | None = Field(default=None, alias="AdditionalID")
    freight_forwarder_reference: Code | None = Field(default=None, alias="FreightForwarderAssignedID")
    associated_reference: Code | None = Field(default=None, alias="AssociatedReferenceID")
    nil_carriage_value: Flag | None = Field(default=None, alias="NilCarriageValueIndicator")
    declared_value_for_carriage: Amount | None = Field(default=None, alias="DeclaredValueForCarriageAmount")
    nil_customs_value: Flag | None = Field(default=None, alias="NilCustomsValueIndicator")
    declared_value_for_customs: Amount | None = Field(default=None, alias="DeclaredValueForCustomsAmount")
    nil_insurance_value: Flag | None = Field(default=None, alias="NilInsuranceValueIndicator")
    insurance_value: Amount | None = Field(default=None, alias="InsuranceValueAmount")
    is_charge_prepaid: Flag = Field(alias="TotalChargePrepaidIndicator")
    is_disbursement_prepaid: Flag = Field(alias="TotalDisbursementPrepaidIndicator")
    gross_weight: Measure = Field(alias="IncludedTareGrossWeightMeasure")
    gross_volume: Measure | None = Field(default=None, alias="GrossVolumeMeasure")
    density_group: Code | None = Field(default=None, alias="DensityGroupCode")
    packages: Count | None = Field(default=None, alias="PackageQuantity")
    pieces: Count = Field(alias="TotalPieceQuantity")
    product_id: Code | None = Field(default=None, alias="ProductID")
    consignor: Party = Field(alias="ConsignorParty")
    consignee: Party = Field(alias="ConsigneeParty")
    freight_forwarder: FreightForwarder | None = Field(default=None, alias="FreightForwarderParty")
    associated_parties: list[AssociatedParty] = Field(default_factory=list, alias="AssociatedParty")
    origin: Airport = Field(alias="OriginLocation")
    destination: Airport = Field(alias="FinalDestinationLocation")
    movements: list[Movement] = Field(default_factory=list, alias="SpecifiedLogisticsTransportMovement")
    equipment: list[TransportEquipment] = Field(default_factory=list, alias="UtilizedLogisticsTransportEquipment")
    special: list[SpecialHandling] = Field(default_factory=list, alias="HandlingSPHInstructions")
    service_requests: list[Instruction] = Field(default_factory=list, alias="HandlingSSRInstructions")
    other_information: list[Instruction] = Field(default_factory=list, alias="HandlingOSIInstructions")
    accounting_notes: list[AccountingNote] = Field(default_factory=list, alias="IncludedAccountingNote")
    customs_notes: list[CustomsNote] = Field(default_factory=list, alias="IncludedCustomsNote")
    documents: list[ReferencedDocument] = Field(default_factory=list, alias="AssociatedReferenceDocument")
    goods_status: Code | None = Field(default=None, alias="AssociatedConsignmentCustomsProcedure/GoodsStatusCode")
    currency: CurrencyCode = Field(alias="ApplicableOriginCurrencyExchange/SourceCurrencyCode")
    destination_currency: CurrencyExchange | None = Field(default=None, alias="ApplicableDestinationCurrencyExchange")
    payment_method: Code | None = Field(
        default=None, alias="ApplicableLogisticsServiceCharge/TransportPaymentMethodCode"
    )
    service_type: Code | None = Field(default=None, alias="ApplicableLogisticsServiceCharge/ServiceTypeCode")
    other_charges: list[OtherCharge] = Field(default_factory=list, alias="ApplicableLogisticsAllowanceCharge")
    ratings: list[Rating] = Field(min_length=1, alias="ApplicableRating")
    totals: list[Total] = Field(min_length=1, alias="ApplicableTotalRating")


class Deletion(CargoXml):
    """A `Waybill` that says that an earlier one is void; what else it holds is not looked at."""

    namespace: ClassVar[str] = settings.WAYBILL
    message: MessageHeader = Field(alias="MessageHeaderDocument")
    business: Named = Field(alias="BusinessHeaderDocument")


class Waybill(CargoXml):
    """`Waybill`; only a deletion may be without its `MasterConsignment`."""

    namespace: ClassVar[str] = settings.WAYBILL
    message: MessageHeader = Field(alias="MessageHeaderDocument")
    business: BusinessHeader = Field(alias="BusinessHeaderDocument")
    consignment: Consignment = Field(alias="MasterConsignment")
