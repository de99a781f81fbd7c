"""Values in the JSON of UN/CEFACT D23B (`udt`, `qdt`), and what each says in a product.

A part of a message is closed, but for members whose names begin with `x-`; null is no value. Values are open objects.
"""

from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    WrapSerializer,
    model_serializer,
    model_validator,
)
from pydantic_core import PydanticCustomError

from connectors.messages import Message
from connectors.road.ecmr import codes
from connectors.road.ecmr.forms import uri

T = TypeVar("T")
LONGEST = 5000
MOST = 5000


def _given(value: object) -> object:
    if value is None:
        raise PydanticCustomError("null", "is null, expected a value or no such member")
    return value


def _absent(_: object) -> object:
    raise PydanticCustomError("absent", "has no place here in the standard")


def _without_extensions(value: object) -> object:
    if isinstance(value, dict):
        return {name: member for name, member in value.items() if not name.startswith("x-")}
    return value


def _only(value: list[Any], said: Any) -> Any:  # noqa: ANN401 - pydantic's serializer
    return next(iter(said(value)), None)


def _line(value: list[Any], said: Any) -> str:  # noqa: ANN401 - pydantic's serializer
    return ", ".join(text for text in said(value) if text)


def _fits(value: list["Text"]) -> list["Text"]:
    if sum(len(text.value) + 2 for text in value) > LONGEST:
        raise PydanticCustomError("line", "expected at most 5000 characters in all")
    return value


def among(known: frozenset[str], name: str) -> AfterValidator:
    """Return the constraint of a code to those of a list."""

    def check(code: str) -> str:
        if code not in known:
            raise PydanticCustomError("code", "is no code of {name}", {"name": name})
        return code

    return AfterValidator(check)


Maybe = Annotated[T | None, BeforeValidator(_given)]
"""A member that may be left out, but not be null."""
Absent = Annotated[None, BeforeValidator(_absent)]
"""A member that the standard takes away here."""
Many = Annotated[list[T], Field(max_length=MOST)]
"""An array, which the standard leaves without bounds."""
One = Annotated[list[T], Field(max_length=1), WrapSerializer(_only)]
"""An array of at most one element: in a product, that element."""
Words = Annotated[str, StringConstraints(max_length=LONGEST)]
"""A text, which the standard leaves without bounds."""
Agency = Annotated[str, among(codes.AGENCIES, "UNTDID 3055 (agencies)")]
Language = Annotated[str, among(codes.LANGUAGES, "ISO 639-1 (languages)")]
Country = Annotated[str, among(codes.COUNTRIES, "ISO 3166-1 (countries)")]


class Part(Message):
    """A type of the reference data model."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _open(cls, value: object) -> object:
        return _without_extensions(value)


class Entity(Part):
    """A part for which a URI may stand instead: it is told as `resource`, and never followed."""

    resource: str | None = Field(default=None, alias="x-resource")

    @model_validator(mode="before")
    @classmethod
    def _open(cls, value: object) -> object:
        return {"x-resource": uri(value)} if isinstance(value, str) else _without_extensions(value)


class Value(Message, Generic[T]):
    """What has `content`, and says that alone; the types beneath it say what else they may have."""

    value: T = Field(alias="content")

    @model_serializer
    def _said(self) -> T:
        return self.value


class Text(Value[Words]):
    """`textType`."""

    language_id: Maybe[Language] = None


class PlainText(Text):
    """`textType` without language."""

    language_id: Absent = None


Line = Annotated[Many[Text], AfterValidator(_fits), WrapSerializer(_line)]
"""Texts that are one when read: the names of a party."""
PlainLine = Annotated[Many[PlainText], AfterValidator(_fits), WrapSerializer(_line)]
"""The same without language: the lines of an address."""


class Id(Message):
    """`idType`."""

    value: Words = Field(alias="content")
    scheme_agency_id: Maybe[Agency] = None

    @model_serializer
    def _said(self) -> dict[str, str | None] | None:
        return {"value": self.value, "agency": self.scheme_agency_id} if self.value else None


class PlainId(Value[Words]):
    """`idType` without agency."""

    scheme_agency_id: Absent = None


class Code(Value[Words]):
    """`codeType`."""

    list_id: Maybe[Words] = None
    list_agency_id: Maybe[Agency] = None


class PlainCode(Code):
    """`codeType` without list."""

    list_id: Absent = None


class Postcode(PlainCode):
    """`codeType` without list and agency."""

    list_agency_id: Absent = None


class Listed(Value[T]):
    """A code of the UNECE's lists (`...CodeType` of `qdt`)."""

    list_agency_id: Maybe[Literal["6"]] = None


class SealingPartyCode(Listed[Literal["AA", "AB", "AC", "CA", "CU", "SH", "TO"]]):
    """`sealingPartyRoleCodeType`."""

    list_id: Maybe[Words] = None


class CommodityCode(Value[Literal["ZZZ"]]):
    """`cargoCommodityCategoryCodeType`, `goodsTypeCodeType`."""

    list_agency_id: Maybe[Agency] = None


class LanguageCode(Value[Language]):
    """`languageCodeType`."""

    list_agency_id: Maybe[Literal["5"]] = None


class CountryId(Value[Country]):
    """`countryIdType`."""

    scheme_agency_id: Maybe[Literal["5"]] = None
