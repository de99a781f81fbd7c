"""JSON pointers (RFC 6901) as consents use them: a pointer covers all beneath it and passes through arrays."""

from collections.abc import Iterable, Iterator
from typing import Any


def covers(pointer: str, place: str) -> bool:
    """Say whether `place` is `pointer` or lies beneath it. Both are without array indexes; the empty one covers all."""
    return place == pointer or place.startswith(f"{pointer}/")


def covered(pointers: Iterable[str], place: str) -> bool:
    """Say whether any of `pointers` covers `place`."""
    return any(covers(pointer, place) for pointer in pointers)


def places(value: Any, pointer: str = "") -> Iterator[str]:  # noqa: ANN401 - any JSON
    """Yield the pointer, without array indexes, of every member that `value` has, at any depth."""
    if isinstance(value, dict):
        for name, member in value.items():
            place = f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}"
            yield place
            yield from places(member, place)
    elif isinstance(value, list):
        for element in value:
            yield from places(element, pointer)
