"""The forms of single values in authorization details: text, pointers, days, instants, durations, known names."""

import re
from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, Field

import schemas
from gateway.consent.purposes import PURPOSES

MOST_POINTERS = 100
LONGEST_POINTER = 200
LONGEST_DURATION = timedelta(days=3660)
POINTER = re.compile(r"(?:/(?:[^~/]|~[01])+)+")
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)
DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
DURATION = re.compile(
    r"P(?!$)(?:(?P<weeks>\d{1,4})W|(?:(?P<days>\d{1,4})D)?(?:T(?=\d)(?:(?P<hours>\d{1,5})H)?(?:(?P<minutes>\d{1,5})M)?)?)",
    re.ASCII,
)


class DetailsError(ValueError):
    """Authorization details that are not what the type says; the message names every fault and its place."""


def duration(text: str) -> timedelta:
    """Return the length of an ISO 8601 duration of weeks, days, hours and minutes. Raises `DetailsError`.

    Years and months are not accepted: they have no fixed length.
    """
    matched = DURATION.fullmatch(text)
    if not matched:
        raise DetailsError(f"{text!r}: expected an ISO 8601 duration of weeks, days, hours or minutes, such as P90D")
    return timedelta(**{unit: int(number) for unit, number in matched.groupdict(default="0").items()})


def once(items: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return `items`. Raises `ValueError` if one is there twice."""
    for place, item in enumerate(items):
        if item in items[:place]:
            raise ValueError(f"item {place} is there twice")
    return items


def _plain(text: str) -> str:
    if not text.isprintable() or text != text.strip():
        raise ValueError("expected printable text without space around it")
    return text


def _pointer(text: str) -> str:
    if not POINTER.fullmatch(text) or not text.isprintable():
        raise ValueError(f"{text!r}: expected a JSON pointer such as /cargo (RFC 6901)")
    return text


def _day(text: str) -> str:
    if not DAY.fullmatch(text) or not _exists(text):
        raise ValueError(f"{text!r}: expected a day such as 2026-12-31")
    return text


def _instant(text: str) -> str:
    if not INSTANT.fullmatch(text) or not _exists(text):
        raise ValueError(f"{text!r}: expected an instant in UTC such as 2027-01-31T00:00:00Z")
    return text


def _exists(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _duration(text: str) -> str:
    if not timedelta(0) < duration(text) <= LONGEST_DURATION:
        raise ValueError(f"{text!r}: expected more than nothing and at most {LONGEST_DURATION.days} days")
    return text


def _product(name: str) -> str:
    known = schemas.products()
    if name not in known:
        raise ValueError(f"no data product named {name!r}; known: {', '.join(known)}")
    return name


def _purpose(code: str) -> str:
    if code not in PURPOSES:
        raise ValueError(f"no purpose named {code!r}; known: {', '.join(PURPOSES)}")
    return code


Plain = Annotated[str, AfterValidator(_plain)]
Pointers = Annotated[
    tuple[Annotated[str, Field(max_length=LONGEST_POINTER), AfterValidator(_pointer)], ...],
    Field(min_length=1, max_length=MOST_POINTERS),
    AfterValidator(once),
]
Product = Annotated[str, Field(max_length=64), AfterValidator(_product)]
PurposeCode = Annotated[str, Field(max_length=64), AfterValidator(_purpose)]
Day = Annotated[str, AfterValidator(_day)]
Instant = Annotated[str, AfterValidator(_instant)]
Duration = Annotated[str, Field(max_length=30), AfterValidator(_duration)]
