"""The strict JSON reader."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.strict_json import StrictJsonError, parse

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=5), inner, max_size=4
        )
    ),
    max_leaves=20,
)


@given(JSON)
def test_ordinary_json_is_read_as_the_standard_library_reads_it(value: object) -> None:
    data = json.dumps(value, ensure_ascii=False).encode()
    assert parse(data, max_bytes=10_000_000) == json.loads(data)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b'{"a":1,"a":2}', "duplicate member name at member 'a'"),
        (b'{"a":[1,{"b":1,"c":2,"b":3}]}', "duplicate member name at member 'b'"),
        (b"[NaN]", "not a JSON number at NaN"),
        (b"-Infinity", "not a JSON number at -Infinity"),
        (b"[1e999]", "number out of range at 1e999"),
        (b"1" * 401, f"number of 401 characters, expected at most 400 at {'1' * 20}..."),
        (b'{"a":{"b":"x\\u0000"}}', "NUL character at /a/b"),
        (b'{"a/b":["\\ud800"]}', "lone surrogate at /a~1b/0"),
        (b"[" * 65 + b"]" * 65, "nested deeper than 64 at byte 64"),
        (b'{"a":"\xff"}', "not UTF-8 at byte 6"),
        (b"\xef\xbb\xbf{}", "byte order mark, expected UTF-8 without one (RFC 8259 section 8.1) at byte 0"),
        ("{}".encode("utf-16"), "not UTF-8 at byte 0"),
        (b'{"a":', "not JSON: Expecting value at line 1, column 6"),
        (b"", "not JSON: Expecting value at line 1, column 1"),
        (b"{}{}", "not JSON: Extra data at line 1, column 3"),
        (b" " * 1001, "1001 bytes, expected at most 1000 at byte 0"),
    ],
)
def test_what_two_readers_could_understand_differently_is_refused_with_its_place(data: bytes, message: str) -> None:
    with pytest.raises(StrictJsonError, match=f"^{re.escape(message)}$"):
        parse(data, max_bytes=1000)


def test_brackets_inside_strings_are_not_depth() -> None:
    assert parse(b'["' + b"[" * 100 + b'\\"["]', max_bytes=1000) == ["[" * 100 + '"[']


@given(st.binary(max_size=200))
def test_any_bytes_are_either_read_or_refused(data: bytes) -> None:
    try:
        parse(data, max_bytes=1000)
    except StrictJsonError as error:
        assert error.place  # noqa: PT017 - any outcome but another exception is right
