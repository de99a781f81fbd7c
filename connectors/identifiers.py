"""Typed identifiers, and the check digits that warn but never reject."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from stdnum import imo, iso6346, lei

from connectors.base import Fault, Identifier


def identifier(scheme: str, value: str, issuer: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Return a typed identifier, with its issuer `{list, code}` where known."""
    return {"scheme": scheme, **({"issuer": dict(issuer)} if issuer else {}), "value": value}


def distinct(identifiers: Iterable[Identifier]) -> tuple[Identifier, ...]:
    """Return the identifiers, each once, in their order."""
    return tuple({(each["scheme"], str(each.get("issuer")), each["value"]): each for each in identifiers}.values())


def warning(scheme: str, value: str, place: str) -> tuple[Fault, ...]:
    """Return a warning if a `container` (ISO 6346), `imo`, `lei` (ISO 17442) or `mawb` has wrong check digits."""
    check = CHECKS.get(scheme)
    if check is None or check(value):
        return ()
    return (Fault(place, f"is no {scheme} with right check digits", "check the number; it is kept as it came"),)


def _is_air_waybill_number(value: str) -> bool:
    """Say whether the last digit is the seven before it modulo 7 (IATA Resolution 600a)."""
    serial, digit = value[-8:-1], value[-1:]
    return serial.isdecimal() and digit.isdecimal() and int(serial) % 7 == int(digit)


CHECKS: Mapping[str, Callable[[str], bool]] = {
    "container": iso6346.is_valid,
    "imo": imo.is_valid,
    "lei": lei.is_valid,
    "mawb": _is_air_waybill_number,
}
