"""What the parts of an air waybill have in common: namespace, measures, amounts, places."""

from typing import ClassVar

from pydantic import Field

from connectors.air.cargo_xml.settings import DATA_MODEL
from connectors.xml_messages import Code, CurrencyCode, Number, Part, Text


class CargoXml(Part):
    """An element with elements of the data model within."""

    namespace: ClassVar[str] = DATA_MODEL


class Measure(CargoXml):
    """`MeasureType`: a number in a unit of UN/CEFACT Recommendation 20."""

    value: Number = Field(alias=".")
    unit: Code | None = Field(default=None, alias="@unitCode")


class Amount(CargoXml):
    """`AmountType`."""

    value: Number = Field(alias=".")
    currency: CurrencyCode | None = Field(default=None, alias="@currencyID")


class Location(CargoXml):
    """`ArrivalLocationType`, `DepartureLocationType`: mostly an airport, by its IATA code."""

    code: Code | None = Field(default=None, alias="ID")
    name: Text | None = None
    type: Code | None = Field(default=None, alias="TypeCode")


class Airport(Location):
    """`OriginLocationType`, `FinalDestinationLocationType`."""

    code: Code = Field(alias="ID")


class Instruction(CargoXml):
    """`SSRInstructionsType`, `OSIInstructionsType`."""

    code: Code | None = Field(default=None, alias="DescriptionCode")
    description: Text


class SpecialHandling(CargoXml):
    """`SPHInstructionsType`."""

    code: Code = Field(alias="DescriptionCode")
    description: Text | None = None
