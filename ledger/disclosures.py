"""The disclosures of a record that somebody else sealed: all of them, in the form in which we conceal ourselves."""

from collections.abc import Iterable, Mapping
from typing import Any

from ledger.codec import parse, unb64u
from ledger.errors import CodecError
from ledger.sdjwt import (
    MOST_DEPTH,
    MOST_DISCLOSURE_BYTES,
    RESERVED,
    SALT_BYTES,
    Disclosure,
    digest,
    step,
)


def arrange(payload: Mapping[str, Any], encoded: Iterable[str]) -> tuple[Disclosure, ...]:
    """Return the disclosures of a JWT's payload with their pointers and parents, parents before children.

    Raises `CodecError` unless each digest has its disclosure and each disclosure its digest, every member and element
    is a disclosure of its own with a salt of 16 bytes, and nothing is concealed besides.
    """
    listed = tuple(encoded)
    if not all(each.isascii() for each in listed):
        raise CodecError("a disclosure is no ASCII text")
    arranged = _Arranged(listed)
    arranged.members({"_sd": payload.get("_sd")}, "", None, 0)
    if arranged.unused:
        raise CodecError(f"{len(arranged.unused)} disclosures belong to no digest")
    return tuple(arranged.found)


class _Arranged:
    def __init__(self, encoded: Iterable[str]) -> None:
        self.unused = {digest(each): each for each in encoded}
        self.found: list[Disclosure] = []

    def members(self, value: Mapping[str, Any], pointer: str, parent: int | None, depth: int) -> None:
        """Take the members of an object, so many levels below the top."""
        digests = value.get("_sd", [])
        if set(value) - {"_sd"} or not isinstance(digests, list):
            raise CodecError(f"{pointer or 'the record'}: expected every member to be a disclosure of its own")
        for each in digests:
            self._take(each, pointer, parent, depth + 1, named=True)

    def _take(self, digest_: object, pointer: str, parent: int | None, depth: int, *, named: bool) -> None:
        if depth > MOST_DEPTH:
            raise CodecError(f"{pointer}: nested deeper than {MOST_DEPTH}")
        encoded = self.unused.pop(digest_, None) if isinstance(digest_, str) else None
        if encoded is None:
            raise CodecError(f"{pointer or 'the record'}: a digest has no disclosure; expected all of them")
        parts = parse(unb64u(encoded), max_bytes=MOST_DISCLOSURE_BYTES, max_depth=MOST_DEPTH)
        length = 3 if named else 2
        if not isinstance(parts, list) or len(parts) != length:
            raise CodecError(f"{pointer or 'the record'}: expected disclosures of {length} elements")
        unb64u(parts[0], size=SALT_BYTES)
        if named and (not isinstance(parts[1], str) or parts[1] in RESERVED):
            raise CodecError(f"{pointer or 'the record'}: a disclosure has no name, or a reserved one")
        own = len(self.found)
        place = pointer + step(parts[1]) if named else pointer
        self.found.append(Disclosure(place, parent, encoded))
        self._value(parts[-1], place, own, depth)

    def _value(self, value: object, pointer: str, own: int, depth: int) -> None:
        if isinstance(value, dict):
            self.members(value, pointer, own, depth)
        elif isinstance(value, list):
            for each in value:
                if not isinstance(each, dict) or set(each) != {"..."}:
                    raise CodecError(f"{pointer}: expected every element to be a disclosure of its own")
                self._take(each["..."], pointer, own, depth + 1, named=False)
