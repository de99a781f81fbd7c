"""Read JSON strictly: what two readers could understand differently is refused.

RFC 8259 leaves open what duplicate member names, NaN, lone surrogates and huge numbers mean; here they are errors, as
are NUL characters, byte order marks, and excessive size, depth and number. Every refusal says where, and
reading takes time and memory in proportion to the bytes, whatever they are.
"""

import json
import re
from typing import Any, NoReturn

Json = dict[str, Any] | list[Any] | str | int | float | bool | None
"""A parsed JSON text."""

DEPTH = 64
MARKS = 500_000
"""Most commas and opening brackets, wherever they stand: a bound of the values, each of which costs a reader memory."""
DIGITS = 400
"""Longest number accepted, in characters."""
_BRACKET = re.compile(rb'(?:[^"\[\]{}]++|"(?:[^"\\]++|\\.)*+(?:"|\\?\Z))*+([\[\]{}]|\Z)', re.DOTALL)
"""The next bracket outside strings, or the end. Possessive: it never goes back, so all of them take linear time."""
_SURROGATE = re.compile("[\ud800-\udfff]")


class StrictJsonError(ValueError):
    """The bytes are not JSON as it is read here. `place` is a JSON pointer or a byte offset, in words."""

    def __init__(self, message: str, place: str) -> None:
        super().__init__(f"{message} at {place}")
        self.message = message
        self.place = place


def parse(data: bytes, *, max_bytes: int, max_depth: int = DEPTH) -> Json:
    """Return the value of a UTF-8 JSON text of at most `max_bytes` bytes, nested at most `max_depth` deep.

    Raises `StrictJsonError` saying what was found and where.
    """
    if len(data) > max_bytes:
        raise StrictJsonError(f"{len(data)} bytes, expected at most {max_bytes}", "byte 0")
    text = _decode(data)
    _check_depth(data, max_depth)
    try:
        value: Json = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise StrictJsonError(f"not JSON: {error.msg}", f"line {error.lineno}, column {error.colno}") from None
    if b"\\u" in data:  # NUL and lone surrogates can only be written as escapes: JSON and UTF-8 forbid them raw
        _check_strings(value)
    return value


def _decode(data: bytes) -> str:
    if data.startswith(b"\xef\xbb\xbf"):
        raise StrictJsonError("byte order mark, expected UTF-8 without one (RFC 8259 section 8.1)", "byte 0")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise StrictJsonError("not UTF-8", f"byte {error.start}") from None


def _check_depth(data: bytes, most: int) -> None:
    opening = data.count(b"[") + data.count(b"{")
    if opening + data.count(b",") > MARKS:
        raise StrictJsonError(f"more than {MARKS} commas and opening brackets", "byte 0")
    if opening <= most:
        return
    depth = 0
    for match in _BRACKET.finditer(data):
        depth += 1 if match[1] in (b"[", b"{") else -1
        if depth > most:
            raise StrictJsonError(f"nested deeper than {most}", f"byte {match.start(1)}")
        if depth < 0:
            return  # at the end, or no JSON: its parser says where


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        seen: set[str] = set()
        name = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise StrictJsonError("duplicate member name", f"member {name[:50]!r}")
    return members


def _constant(name: str) -> NoReturn:
    raise StrictJsonError("not a JSON number", name)


def _integer(digits: str) -> int:
    if len(digits) > DIGITS:
        raise StrictJsonError(f"number of {len(digits)} characters, expected at most {DIGITS}", f"{digits[:20]}...")
    return int(digits)


def _float(digits: str) -> float:
    value = float(digits)
    if len(digits) > DIGITS or value in (float("inf"), float("-inf")):
        raise StrictJsonError("number out of range", f"{digits[:20]}")
    return value


_DECODER = json.JSONDecoder(
    object_pairs_hook=_members, parse_constant=_constant, parse_int=_integer, parse_float=_float
)
"""Made once: that costs more than reading something small."""


def _check_strings(value: Json) -> None:
    found = _fault(value)
    if found is not None:
        message, steps = found
        pointer = "".join("/" + step.replace("~", "~0").replace("/", "~1") for step in reversed(steps))
        raise StrictJsonError(message, pointer or "the top")


def _fault(value: Json) -> tuple[str, list[str]] | None:
    """Return what is wrong with a string within a value and the steps from it upwards; None if nothing is.

    Pointers are only put together for a fault: one for each value could be as long as the text, for each value.
    """
    if isinstance(value, str):
        said = _fault_of_string(value)
        return (said, []) if said else None
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, member in inner:
        if isinstance(step, str) and (said := _fault_of_string(step)):
            return said, []
        if (found := _fault(member)) is not None:
            found[1].append(str(step))
            return found
    return None


def _fault_of_string(text: str) -> str | None:
    if "\0" in text:
        return "NUL character"
    return "lone surrogate" if _SURROGATE.search(text) else None
