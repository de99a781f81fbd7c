"""Block times: nanoseconds since 1970 inside, RFC 3339 with trailing zeros trimmed in JSON."""

import re
from datetime import UTC, datetime, timedelta

from ledger.errors import CodecError

NANO = 10**9
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FORM = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]{1,9}))?Z")


def from_datetime(instant: datetime) -> int:
    """Return nanoseconds since 1970 of an aware instant."""
    return (instant - EPOCH) // timedelta(microseconds=1) * 1000


def to_datetime(nanoseconds: int) -> datetime:
    """Return the instant in UTC, cut to microseconds."""
    return EPOCH + timedelta(microseconds=nanoseconds // 1000)


def to_text(nanoseconds: int) -> str:
    """Return RFC 3339 in UTC, with as many decimals as are not zero."""
    seconds, rest = divmod(nanoseconds, NANO)
    decimals = f".{rest:09d}".rstrip("0") if rest else ""
    return f"{EPOCH + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%S}{decimals}Z"


def from_text(text: object) -> int:
    """Return nanoseconds since 1970. Raises `CodecError` before 1970, and unless `to_text` would write it so."""
    match = _FORM.fullmatch(text) if isinstance(text, str) else None
    if not match:
        raise CodecError("expected a time such as 2026-11-24T09:00:00.5Z")
    try:
        whole = datetime.fromisoformat(match[1]).replace(tzinfo=UTC)
    except ValueError:
        raise CodecError(f"no such time: {text}") from None
    nanoseconds = (whole - EPOCH) // timedelta(seconds=1) * NANO + int((match[2] or "").ljust(9, "0"))
    if nanoseconds < 0 or to_text(nanoseconds) != text:
        raise CodecError(f"time {text} is not written as {to_text(nanoseconds)}")
    return nanoseconds
