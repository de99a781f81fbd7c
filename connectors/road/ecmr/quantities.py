"""Numbers and moments in the JSON of UN/CEFACT D23B. The standard writes decimals as texts; a product has numbers."""

from typing import Annotated, Any, Literal

from pydantic import Field, ModelWrapValidatorHandler, StringConstraints, model_serializer, model_validator

from connectors.messages import Message
from connectors.road.ecmr import codes
from connectors.road.ecmr.forms import moment
from connectors.road.ecmr.values import Absent, Maybe, Words, among

Decimal = Annotated[str, StringConstraints(max_length=40, pattern=r"^[+-]?(0?|[1-9][0-9]*)\.?[0-9]+$")]
Unit = Annotated[str, among(codes.UNITS, "UNECE Recommendation 20 (units)")]
Currency = Annotated[str, among(codes.CURRENCIES, "ISO 4217 (currencies)")]
WHOLE = 2**53
"""Beyond it a double holds no longer every whole number."""


def number(text: str) -> float:
    """Return a decimal as the nearest double, whole if it is."""
    value = float(text)
    return int(value) if value.is_integer() and abs(value) < WHOLE else value


class Numeric(Message):
    """`numericType`."""

    value: Decimal = Field(alias="content")

    @model_serializer
    def _said(self) -> float:
        return number(self.value)


class Count(Message):
    """`quantityType` without unit."""

    value: Decimal = Field(alias="content")
    unit_code: Absent = None

    @model_serializer
    def _said(self) -> float:
        return number(self.value)


class Measure(Message):
    """`measureType`, `quantityType`."""

    value: Decimal = Field(alias="content")
    unit_code: Maybe[Unit] = None

    @model_serializer
    def _said(self) -> dict[str, Any]:
        return {"value": number(self.value), "unit": self.unit_code}


class UnitMeasure(Measure):
    """`measureType` with its unit."""

    unit_code: Unit


class Weight(Measure):
    """`weightUnitMeasureType`."""

    unit_code: Literal["KGM"]


class Volume(Measure):
    """`volumeUnitMeasureType`."""

    unit_code: Literal["MTQ"]


class Temperature(Measure):
    """`temperatureUnitMeasureType`."""

    unit_code: Literal["CEL", "FAH"]


class Amount(Message):
    """`amountType`."""

    value: Decimal = Field(alias="content")
    currency_id: Maybe[Currency] = None

    @model_serializer
    def _said(self) -> dict[str, Any]:
        return {"value": number(self.value), "currency": self.currency_id}


class Formatted(Message):
    """`formattedDateTimeType`: a date-time, date, time or duration, or a text with its format."""

    value: Words = Field(alias="content")
    format: Annotated[str, among(codes.FORMATS, "UNTDID 2379 (formats)")]

    @model_validator(mode="wrap")
    @classmethod
    def _plain(cls, value: object, read: ModelWrapValidatorHandler["Formatted"]) -> "Formatted":
        return cls.model_construct(value=moment(value), format="") if isinstance(value, str) else read(value)

    @model_serializer
    def _said(self) -> dict[str, str] | None:
        return {"value": self.value, "format": self.format} if self.value else None
