"""Messages of a standard as pydantic models: strict, every fault with its place, nothing of the message repeated.

A model's members are snake_case; their names in the message are camelCase, or given where the standard's differ.
"""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Annotated, Any, TypeGuard, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from connectors.base import Fault
from connectors.errors import Unmappable
from schemas.strict_json import Json, StrictJsonError, parse

MOST_BYTES = 10_485_760
MOST_FAULTS = 100
LONGEST_NAME = 100
"""As much of a member's name as a fault repeats."""
OFFSET = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)")
DATE = re.compile(r"\d{4}-\d\d-\d\d")
Model = TypeVar("Model")


class Message(BaseModel):
    """Part of a message. What the standard does not name is left out; what it names is taken strictly."""

    model_config = ConfigDict(alias_generator=to_camel, extra="ignore", strict=True, frozen=True)

    def content(self) -> dict[str, Any]:
        """Return what the message said, by our names, without what it did not say."""
        return self.model_dump(exclude_none=True)


def _date(text: str) -> str:
    if not DATE.fullmatch(text) or not _exists(date.fromisoformat, text):
        raise PydanticCustomError("date", "expected a date such as 2026-11-24 (RFC 3339 full-date)")
    return text


def is_instant(value: object) -> TypeGuard[str]:
    """Say whether a value is an RFC 3339 date-time with its offset, of a year from 1 to 9999 in UTC too."""
    return isinstance(value, str) and bool(OFFSET.fullmatch(value)) and _exists(sortable, value)


def _instant(text: str) -> str:
    if not is_instant(text):
        raise PydanticCustomError(
            "instant", "expected a date-time with offset such as 2026-11-24T09:00:00+08:00 (RFC 3339)"
        )
    return text


def _exists(read: Callable[[str], object], text: str) -> bool:
    try:
        read(text)
    except (ValueError, OverflowError):
        return False
    return True


Date = Annotated[str, AfterValidator(_date)]
Instant = Annotated[str, AfterValidator(_instant)]


def upto(longest: int, *, pattern: str | None = None) -> StringConstraints:
    """Return the constraint of a string of 1 to `longest` characters."""
    return StringConstraints(min_length=1, max_length=longest, pattern=pattern)


Lines = Annotated[list[Annotated[str, StringConstraints(max_length=5000)]], Field(max_length=5000)]
"""A list of texts, which the standards leave without bounds."""
Country = Annotated[str, upto(2, pattern=r"^[A-Z]{2}$")]
Currency = Annotated[str, upto(3, pattern=r"^[A-Z]{3}$")]
Location = Annotated[str, upto(5, pattern=r"^[A-Z]{2}[A-Z2-9]{3}$")]
"""UN/LOCODE."""


EARLIEST, LATEST = "2000", "2090"
"""Years outside which a date-time is kept, but warned about: no carrier tracked cargo electronically so."""


def sortable(instant: str) -> str:
    """Return an `Instant` in UTC with microseconds, so that texts compare as times do."""
    at = datetime.fromisoformat(instant.upper()).astimezone(UTC)
    return f"{at.replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


def unlikely(instant: str, place: str) -> tuple[Fault, ...]:
    """Return a warning if an instant lies outside the years in which such messages are sent."""
    if EARLIEST <= instant < LATEST:
        return ()
    message = f"lies outside the years {EARLIEST} to {LATEST}"
    return (Fault(place, message, "check the clock that wrote it"),)


def read(body: bytes) -> Json:
    """Read a message's JSON strictly. Raises `Unmappable`."""
    try:
        return parse(body, max_bytes=MOST_BYTES)
    except StrictJsonError as error:
        raise Unmappable([Fault("", str(error), "send one JSON text in UTF-8")]) from None


def validate(kind: type[Model] | Any, value: object, *, pointer: str = "") -> Model:  # noqa: ANN401 - a type, or a union of types
    """Return `value` as `kind`. Raises `Unmappable` with every fault; `pointer` is where the value stands."""
    adapter: TypeAdapter[Model] = _adapter(kind)
    try:
        return adapter.validate_python(value)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=True, include_input=False)
        raise Unmappable([_fault(item, pointer) for item in found[:MOST_FAULTS]]) from None


_ADAPTERS: dict[Any, TypeAdapter[Any]] = {}


def _adapter(kind: Any) -> TypeAdapter[Any]:  # noqa: ANN401 - a type
    if kind not in _ADAPTERS:
        _ADAPTERS[kind] = TypeAdapter(kind)
    return _ADAPTERS[kind]


def _fault(item: Any, pointer: str) -> Fault:  # noqa: ANN401 - pydantic's error details
    steps = (str(part)[:LONGEST_NAME].replace("~", "~0").replace("/", "~1") for part in item["loc"])
    place = pointer + "".join(f"/{step}" for step in steps)
    message = str(item["msg"])
    if item["type"] == "extra_forbidden":
        return Fault(place, "is no member that the standard names here", "check its name, or leave it out")
    if item["type"] == "missing":
        return Fault(place, "is missing, and the standard requires it", f"add {item['loc'][-1]}")
    return Fault(place, message[:1].lower() + message[1:], "")
