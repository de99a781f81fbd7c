"""The e-CMR of UN/CEFACT D23B (UNECE-eCMR.json): goods, parties and values are in modules beside this one.

What it takes from the reference data model is here; where it is narrower than that, `narrowing` says.
"""

from typing import Annotated, Literal

from pydantic import Field

from connectors.messages import Instant
from connectors.road.ecmr import codes
from connectors.road.ecmr.goods import (
    DocumentKind,
    Equipment,
    HandlingInstructions,
    Instructions,
    Item,
    Package,
    ReferencedDocument,
)
from connectors.road.ecmr.parties import Country, Note, Party, PartyRole, Place
from connectors.road.ecmr.quantities import Amount, Count, Volume, Weight
from connectors.road.ecmr.values import (
    Absent,
    Entity,
    Id,
    Listed,
    Many,
    Maybe,
    One,
    Part,
    PlainCode,
    PlainId,
    Text,
    Words,
    among,
)

DeliveryTerm = Annotated[str, among(codes.DELIVERY_TERMS, "UNTDID 4053 (delivery terms)")]
ChargeCategory = Annotated[str, among(codes.CATEGORIES_OF_CHARGES, "UNTDID 5237 (categories of charges)")]


class DocumentPlace(Place):
    """`logisticsLocationType` of a document or event."""

    servicing_parties: Absent = Field(default=None, alias="servicingSpecifiedLocationParty")


class Event(Entity):
    """`eventType`."""

    identifier: Maybe[PlainId] = Field(default=None, alias="id")
    type_code: Maybe[PlainCode] = None
    description: Maybe[Many[Text]] = None
    estimated: Maybe[Instant] = Field(default=None, alias="estimatedOccurrenceDateTime")
    actual: Maybe[Instant] = Field(default=None, alias="actualOccurrenceDateTime")
    scheduled: Maybe[Instant] = Field(default=None, alias="scheduledOccurrenceDateTime")
    instructions: Maybe[Many[Instructions]] = Field(default=None, alias="specifiedInstructions")
    place: Maybe[DocumentPlace] = Field(default=None, alias="occurrenceLogisticsLocation")
    certified_by: Maybe[Many[Party]] = Field(default=None, alias="certifying")
    notes: Maybe[Many[Note]] = Field(default=None, alias="applicableNote")


class Means(Entity):
    """`logisticsTransportMeansType`: the vehicle."""

    type_code: Maybe[Listed[Words]] = None
    identifiers: Maybe[Many[Id]] = Field(default=None, alias="id")
    registration_country: Maybe[Country] = Field(default=None, alias="registrationTradeCountry")


class Movement(Entity):
    """`logisticsTransportMovementType`."""

    stage_code: Maybe[Listed[Literal["15", "16", "17", "18", "19", "21", "22", "23"]]] = None
    mode_code: Maybe[Listed[Literal["3"]]] = None
    means: Maybe[Means] = Field(default=None, alias="usedLogisticsTransportMeans")
    events: Maybe[Many[Event]] = Field(default=None, alias="specifiedEvent")


class TradePlace(Entity):
    """`tradeLocationType`."""

    identifier: Maybe[Id] = Field(default=None, alias="id")


class DeliveryTerms(Part):
    """`tradeDeliveryTermsType`."""

    code: Maybe[Listed[DeliveryTerm]] = Field(default=None, alias="deliveryTypeCode")
    place: Maybe[TradePlace] = Field(default=None, alias="relevantTradeLocation")


class Charge(Entity):
    """`logisticsServiceChargeType`."""

    payment_arrangement_code: Maybe[Listed[Literal["A", "B", "C", "P"]]] = None
    category_code: Maybe[Listed[ChargeCategory]] = None
    amount: Maybe[One[Amount]] = Field(default=None, alias="appliedAmount")
    paying_party_role: Maybe[Listed[PartyRole]] = Field(default=None, alias="payingPartyRoleCode")


class Consignment(Entity):
    """`consignmentType`."""

    number: Maybe[One[PlainId]] = Field(default=None, alias="id")
    consignor_reference: Maybe[PlainId] = Field(default=None, alias="consignorAssignedId")
    carrier_reference: Maybe[PlainId] = Field(default=None, alias="carrierAssignedId")
    freight_forwarder_reference: Maybe[PlainId] = Field(default=None, alias="freightForwarderAssignedId")
    gross_weight: Maybe[One[Weight]] = None
    gross_volume: Maybe[One[Volume]] = None
    invoice_amount: Maybe[One[Amount]] = Field(default=None, alias="associatedInvoiceAmount")
    cash_on_delivery: Maybe[Amount] = Field(default=None, alias="codAmount")
    item_quantity: Maybe[Count] = Field(default=None, alias="consignmentItemQuantity")
    insurance_instructions: Maybe[Many[Text]] = Field(default=None, alias="cargoInsuranceInstructionsInformation")
    transshipment_permitted: Maybe[bool] = Field(default=None, alias="isOrHasTransshipmentPermission")
    consignor: Maybe[Party] = None
    consignee: Maybe[Party] = None
    carrier: Maybe[Party] = None
    notified: Maybe[Many[Party]] = None
    connecting_carrier: Maybe[Many[Party]] = None
    taking_over_place: Maybe[Place] = Field(default=None, alias="carrierAcceptanceLogisticsLocation")
    delivery_place: Maybe[Place] = Field(default=None, alias="consigneeReceiptLogisticsLocation")
    documents: Maybe[Many[ReferencedDocument]] = Field(default=None, alias="associatedReferencedDocument")
    handling: Maybe[Many[HandlingInstructions]] = Field(default=None, alias="handlingInstructions")
    loading: Maybe[Many[Instructions]] = Field(default=None, alias="loadingInstructions")
    delivery_event: Maybe[Event] = None
    examinations: Maybe[Many[Event]] = Field(default=None, alias="examinationEvent")
    taking_over_event: Maybe[Event] = Field(default=None, alias="pickUpEvent")
    items: Maybe[Many[Item]] = Field(default=None, alias="includedConsignmentItem")
    equipment: Maybe[Many[Equipment]] = Field(default=None, alias="utilizedLogisticsTransportEquipment")
    movements: Maybe[Many[Movement]] = Field(default=None, alias="mainCarriageLogisticsTransportMovement")
    delivery_terms: Maybe[One[DeliveryTerms]] = Field(default=None, alias="specifiedTradeDeliveryTerms")
    charges: Maybe[Many[Charge]] = Field(default=None, alias="applicableLogisticsServiceCharge")
    packages: Maybe[Many[Package]] = Field(default=None, alias="transportLogisticsPackage")
    border_clearance: Maybe[Many[Instructions]] = Field(
        default=None, alias="consignorProvidedBorderClearanceInstructions"
    )
    delivery: Maybe[Many[Instructions]] = Field(default=None, alias="deliveryInstructions")
    previous_documents: Maybe[Many[ReferencedDocument]] = Field(
        default=None, alias="previousAdministrativeReferencedDocument"
    )
    transport_services_buyer: Maybe[Party] = None


class Parameter(Entity):
    """`documentContextParameterType`."""

    identifier: Maybe[PlainId] = Field(default=None, alias="id")


class Context(Entity):
    """`exchangedDocumentContextType`."""

    transaction: Maybe[PlainId] = Field(default=None, alias="transactionId")
    process: Maybe[One[Parameter]] = Field(default=None, alias="businessProcessSpecifiedDocumentContextParameter")
    guideline: Maybe[One[Parameter]] = Field(default=None, alias="guidelineSpecifiedDocumentContextParameter")


class Document(Entity):
    """`exchangedDocumentType`."""

    number: Maybe[PlainId] = Field(default=None, alias="id")
    type_code: Maybe[Listed[DocumentKind]] = None
    issued: Maybe[Instant] = Field(default=None, alias="issueDateTime")
    remarks: Maybe[Many[Text]] = None
    notes: Maybe[Many[Note]] = Field(default=None, alias="includedNote")
    place_of_issue: Maybe[DocumentPlace] = Field(default=None, alias="issueLogisticsLocation")
    issuer: Maybe[Party] = None
    recipient: Maybe[Many[Party]] = None


class ECmr(Part):
    """The message."""

    context: Maybe[Context] = Field(default=None, alias="exchangedDocumentContext")
    document: Maybe[Document] = Field(default=None, alias="exchangedDocument")
    consignments: Maybe[Annotated[list[Consignment], Field(min_length=1, max_length=1)]] = Field(
        default=None, alias="specifiedConsignment"
    )
