"""Values that are written on a command line."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import typer

DURATION = re.compile(r"(?:P?(?:(\d+)D)?)(?:T?(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?", re.IGNORECASE)
INSTANT = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\dZ)?", re.ASCII)
IDENTIFIER = re.compile(r"([a-z_]+):(?:([A-Z]{2,12})/([A-Z0-9]{2,10}):)?(.+)")


def duration(text: str) -> timedelta:
    """Read a duration: `30d`, `12h`, `90m`, `1d12h`, or ISO 8601 such as `P30D`. Raises `typer.BadParameter`."""
    found = DURATION.fullmatch(text.strip())
    if not found or not any(found.groups()):
        raise typer.BadParameter(f"{text!r} is no duration: write it like 30d, 12h or P30D")
    days, hours, minutes, seconds = (int(each or 0) for each in found.groups())
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


def instant(text: str) -> datetime:
    """Read an instant in UTC to the second: `2026-12-01T09:00:00Z`, or a day, which is its beginning.

    Raises `typer.BadParameter`.
    """
    if not INSTANT.fullmatch(text):
        raise typer.BadParameter(f"{text!r} is no instant: write it like 2026-12-01T09:00:00Z or 2026-12-01, in UTC")
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no instant: there is no such day or time") from None


def identifier(text: str) -> dict[str, Any]:
    """Read a typed identifier: `booking:BK1`, or with its issuer `transport_document:SCAC/MAEU:HHL71800000`.

    Raises `typer.BadParameter`.
    """
    found = IDENTIFIER.fullmatch(text)
    if not found:
        raise typer.BadParameter(
            f"{text!r} is no identifier: write SCHEME:VALUE or SCHEME:LIST/CODE:VALUE, "
            "such as transport_document:SCAC/MAEU:HHL71800000"
        )
    scheme, issuer_list, code, value = found.groups()
    issuer = {"issuer": {"list": issuer_list, "code": code}} if issuer_list else {}
    return {"scheme": scheme, **issuer, "value": value}
