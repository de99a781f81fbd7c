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
    found: list[Identifier] = []
    for each in identifiers:
        if each not in found:
            found.append(each)
    return tuple(found)


def warning(scheme: str, value: str, place: str) -> tuple[Fault, ...]:
    """Return a warning if a `container` (ISO 6346), `imo` or `lei` (ISO 17442) has wrong check digits; else nothing."""
    check = CHECKS.get(scheme)
    if check is None or check(value):
        return ()
    return (Fault(place, f"is no {scheme} with right check digits", "check the number; it is kept as it came"),)


CHECKS: Mapping[str, Callable[[str], bool]] = {
    "container": iso6346.is_valid,
    "imo": imo.is_valid,
    "lei": lei.is_valid,
}
