"""Forms of strings that the JSON Schema of the e-CMR asks for: URIs, dates, times, durations."""

import re
from datetime import date, datetime

from pydantic_core import PydanticCustomError

from connectors.messages import DATE, OFFSET

LONGEST_URI = 2000
URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:(?:[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*")
TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)", re.ASCII)
DURATION = re.compile(
    r"P(?!$)(?:\d{1,9}W"
    r"|(?:\d{1,9}Y(?:\d{1,9}M(?:\d{1,9}D)?)?|\d{1,9}M(?:\d{1,9}D)?|\d{1,9}D)?"
    r"(?:T(?:\d{1,9}H(?:\d{1,9}M(?:\d{1,9}S)?)?|\d{1,9}M(?:\d{1,9}S)?|\d{1,9}S))?)",
    re.ASCII,
)
"""RFC 3339 appendix A."""


def uri(text: str) -> str:
    """Return `text` if it is a URI (RFC 3986) of at most 2000 characters. Raises `PydanticCustomError`."""
    if len(text) > LONGEST_URI or not URI.fullmatch(text):
        raise PydanticCustomError("uri", "expected an object, or a URI of what it would say (RFC 3986)")
    return text


def moment(text: str) -> str:
    """Return `text` if it is a date-time, date or time of RFC 3339, or a duration. Raises `PydanticCustomError`."""
    if TIME.fullmatch(text) or DURATION.fullmatch(text) or _is_day(text) or _is_instant(text):
        return text
    raise PydanticCustomError("moment", "expected a date-time with offset, a date, time or duration (RFC 3339)")


def _is_day(text: str) -> bool:
    try:
        return bool(DATE.fullmatch(text) and date.fromisoformat(text))
    except ValueError:
        return False


def _is_instant(text: str) -> bool:
    try:
        return bool(OFFSET.fullmatch(text) and datetime.fromisoformat(text.upper()))
    except ValueError:
        return False
