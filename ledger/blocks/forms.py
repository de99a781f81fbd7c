"""Strict reading of JSON members: exactly those named, integers within bounds."""

from collections.abc import Mapping, Sequence
from typing import Any

from ledger.errors import CodecError

LARGEST = 2**53 - 1


def members(value: object, names: Sequence[str], what: str) -> Mapping[str, Any]:
    """Return `value` if it is an object with exactly these members. Raises `CodecError`."""
    if not isinstance(value, dict) or set(value) != set(names):
        got = sorted(value) if isinstance(value, dict) else type(value).__name__
        raise CodecError(f"{what} has {got}, expected exactly {sorted(names)}")
    return value


def whole(value: object, what: str, *, least: int = 0) -> int:
    """Return `value` if it is an integer from `least` to 2^53 - 1. Raises `CodecError`."""
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= LARGEST:
        raise CodecError(f"{what} is {value!r}, expected an integer of at least {least}")
    return value
