"""Messages of a standard in XML as pydantic models: `connectors.messages`, read from elements.

A model's members are snake_case; their elements' names are PascalCase, or given as an alias: `Outer/Inner` is an
element within another, `@name` an attribute, `.` the element's own text. An element that says nothing is as if it were
not there.
"""

import re
from dataclasses import replace
from decimal import Decimal
from functools import cache
from typing import Annotated, Any, ClassVar, TypeVar, get_origin

from pydantic import AfterValidator, BeforeValidator, ConfigDict, model_validator
from pydantic.alias_generators import to_pascal
from pydantic_core import PydanticCustomError

from connectors import messages
from connectors.errors import Unmappable
from connectors.messages import OFFSET, Country, Currency, Message, is_instant, upto
from connectors.xml import Element

MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)?", re.ASCII)
DECIMAL = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)", re.ASCII)
FLAGS = {"true": True, "1": True, "false": False, "0": False}
MOST_DIGITS = 15
"""Digits that a JSON number keeps (IEEE 754 binary64)."""
Model = TypeVar("Model")


class Part(Message):
    """An element with elements within, all of one namespace. What the standard does not name is left out."""

    model_config = ConfigDict(alias_generator=to_pascal)
    namespace: ClassVar[str]

    @model_validator(mode="before")
    @classmethod
    def _of_element(cls, value: object) -> dict[str, object]:
        element = _one(value)
        found = {alias: _find(element, alias, cls.namespace, single) for alias, single in _members(cls)}
        return {alias: value for alias, value in found.items() if value is not None}

    def content(self) -> dict[str, Any]:
        """Return what the message said, by our names, without what it did not say."""
        found: dict[str, Any] = _told(super().content())
        return found


def _told(value: Any) -> Any:  # noqa: ANN401 - what a model dumps
    """Return a value without the members and elements that say nothing."""
    if isinstance(value, dict):
        return {name: told for name, each in value.items() if (told := _told(each)) not in ({}, [])}
    return [told for each in value if (told := _told(each)) != {}] if isinstance(value, list) else value


def validate(kind: type[Model], root: Element) -> Model:
    """Return a message's root as `kind`. Raises `Unmappable` with every fault and its place in the XML."""
    try:
        return messages.validate(kind, root)
    except Unmappable as error:
        faults = [replace(fault, pointer=_place(root, fault.pointer)) for fault in error.faults]
        raise Unmappable(faults) from None


@cache
def _members(kind: type[Part]) -> tuple[tuple[str, bool], ...]:
    """Return every member's alias, and whether the standard has it once."""
    return tuple((each.alias or "", get_origin(each.annotation) is not list) for each in kind.model_fields.values())


def _find(element: Element, alias: str, namespace: str, single: bool) -> object:  # noqa: FBT001 - of the member
    """Return what an alias names: a text, an element, or a list of elements; None if it is not there."""
    if alias == ".":
        return element.text.strip() or None
    if alias.startswith("@"):
        return element.attributes.get(alias[1:], "").strip() or None
    found = element.select(*(f"{{{namespace}}}{name}" for name in alias.split("/")))
    return (found[0] if single and len(found) == 1 else found) or None


def _place(root: Element, pointer: str) -> str:
    """Return where the member is that a JSON pointer of aliases and indexes names, as far as it is there at all."""
    where = root
    steps = [step.replace("~1", "/") for step in pointer.split("/")[1:]]
    for number, step in enumerate(steps):
        if step.isdecimal() or step == ".":
            continue
        index = int(steps[number + 1]) if steps[number + 1 : number + 2] and steps[number + 1].isdecimal() else 0
        for name in step.split("/"):
            found = [child for child in where.children if child.local == name and not child.blank]
            if not found:
                return f"{where.place}/{name}"
            where = found[index if index < len(found) else 0]
    return where.place


def _one(value: object) -> Element:
    if isinstance(value, list):
        raise PydanticCustomError("repeated", "is there {times} times, expected once", {"times": len(value)})
    if not isinstance(value, Element):
        raise TypeError(type(value).__name__)
    return value


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    element = _one(value)
    if element.children:
        raise PydanticCustomError("text", "has elements within, expected text")
    return element.text.strip()


def _token(value: object) -> str:
    return " ".join(_text(value).split())


def _decimal(value: object) -> Decimal:
    text = _text(value)
    if not DECIMAL.fullmatch(text) or len(text.strip("+-0").replace(".", "")) > MOST_DIGITS:
        raise PydanticCustomError("decimal", "expected a decimal number of at most 15 digits such as 1042.5")
    return Decimal(text)


def _count(value: object) -> int:
    number = _decimal(value)
    if number != number.to_integral_value() or number < 0:
        raise PydanticCustomError("count", "expected a whole number such as 12")
    return int(number)


def _flag(value: object) -> bool:
    text = _text(value)
    if text not in FLAGS:
        raise PydanticCustomError("flag", "expected true or false")
    return FLAGS[text]


def _moment(text: str) -> str:
    if not MOMENT.fullmatch(text) or not is_instant(in_utc(text)):
        raise PydanticCustomError("moment", "expected a date-time such as 2026-11-24T09:00:00+08:00 (xsd:dateTime)")
    return text


def in_utc(moment: str) -> str:
    """Return a `Moment` with an offset: its own, or that of UTC where it has none."""
    return moment if OFFSET.fullmatch(moment) else f"{moment}Z"


TOKEN = BeforeValidator(_token)
"""Reads an element's text in one line, white space collapsed."""
Text = Annotated[str, BeforeValidator(_text), upto(5000)]
"""A text in its own lines."""
Code = Annotated[str, TOKEN, upto(100)]
"""A code, identifier or name in one line."""
ShortCode = Annotated[str, TOKEN, upto(30)]
CountryCode = Annotated[Country, TOKEN]
CurrencyCode = Annotated[Currency, TOKEN]
Number = Annotated[float, BeforeValidator(lambda value: float(_decimal(value)))]
Count = Annotated[int, BeforeValidator(_count)]
Flag = Annotated[bool, BeforeValidator(_flag)]
Moment = Annotated[str, AfterValidator(_moment), TOKEN]
"""An `xsd:dateTime`: without offset, local time of the place it is about."""


def matching(pattern: str, expected: str) -> BeforeValidator:
    """Return what lets a text pass that is wholly of `pattern`; a fault says what was `expected`."""
    compiled = re.compile(pattern)

    def check(value: object) -> str:
        text = _token(value)
        if not compiled.fullmatch(text):
            raise PydanticCustomError("pattern", "expected {expected}", {"expected": expected})
        return text

    return BeforeValidator(check)
