"""What an air waybill says of charges, besides those of its items."""

from pydantic import Field

from connectors.air.cargo_xml.values import Amount, CargoXml
from connectors.xml_messages import Code, CurrencyCode, Flag, Moment, Number, Text


class Note(CargoXml):
    """`IncludedHeaderNote`."""

    code: Code | None = Field(default=None, alias="ContentCode")
    text: Text | None = Field(default=None, alias="Content")


class AccountingNote(Note):
    """`IncludedAccountingNote`."""

    code: Code = Field(alias="ContentCode")
    text: Text = Field(alias="Content")


class CurrencyExchange(CargoXml):
    """`ApplicableDestinationCurrencyExchange`."""

    currency: CurrencyCode = Field(alias="TargetCurrencyCode")
    market: Code | None = Field(default=None, alias="MarketID")
    rate: Number = Field(alias="ConversionRate")


class OtherCharge(CargoXml):
    """`ApplicableLogisticsAllowanceCharge`."""

    code: Code = Field(alias="ID")
    additional_code: Code | None = Field(default=None, alias="AdditionalID")
    is_prepaid: Flag = Field(alias="PrepaidIndicator")
    location_type: Code | None = Field(default=None, alias="LocationTypeCode")
    reason: Text | None = None
    due: Code = Field(alias="PartyTypeCode")
    amount: Amount = Field(alias="ActualAmount")
    time_basis: Number | None = Field(default=None, alias="TimeBasisQuantity")
    item_basis: Number | None = Field(default=None, alias="ItemBasisQuantity")
    service_date: Moment | None = None
    service_description: Text | None = Field(default=None, alias="SpecialServiceDescription")
    service_time: Moment | None = Field(default=None, alias="SpecialServiceTime")


class Summation(CargoXml):
    """`ApplicablePrepaidCollectMonetarySummation`."""

    is_prepaid: Flag = Field(alias="PrepaidIndicator")
    weight_charge: Amount | None = Field(default=None, alias="WeightChargeTotalAmount")
    valuation_charge: Amount | None = Field(default=None, alias="ValuationChargeTotalAmount")
    tax: Amount | None = Field(default=None, alias="TaxTotalAmount")
    due_agent: Amount | None = Field(default=None, alias="AgentTotalDuePayableAmount")
    due_carrier: Amount | None = Field(default=None, alias="CarrierTotalDuePayableAmount")
    grand_total: Amount = Field(alias="GrandTotalAmount")


class Total(CargoXml):
    """`ApplicableTotalRating`."""

    type: Code = Field(alias="TypeCode")
    collect_in_destination_currency: Amount | None = Field(
        default=None, alias="ApplicableDestinationCurrencyServiceCharge/CollectAppliedAmount"
    )
    charges_at_destination: Amount | None = Field(
        default=None, alias="ApplicableDestinationCurrencyServiceCharge/DestinationAppliedAmount"
    )
    total_collect: Amount | None = Field(
        default=None, alias="ApplicableDestinationCurrencyServiceCharge/TotalAppliedAmount"
    )
    sums: list[Summation] = Field(min_length=1, alias="ApplicablePrepaidCollectMonetarySummation")
