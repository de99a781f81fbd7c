"""Canonical JSON, base64url and commitments."""

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from ledger import codec
from ledger.errors import CodecError

TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=12,
)


@given(JSON)
def test_what_is_written_canonically_is_read_back(value: object) -> None:
    data = codec.canonical(value)
    assert codec.parse_canonical(data, max_bytes=100_000) == value


NUMBERS = st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(allow_nan=False, allow_infinity=False)
ANY = st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.text(
    '\0\x1f\x7f"\\/b.e[,:-0123456789', max_size=20
)
EVERYTHING = st.recursive(
    st.none() | st.booleans() | NUMBERS | ANY,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ANY, inner, max_size=4),
    max_leaves=20,
)


@given(EVERYTHING)
def test_the_quick_way_writes_what_rfc8785_writes(value: object) -> None:
    assert codec.canonical(value) == rfc8785.dumps(value)  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [[2**53], [-(2**53)], {"a": 2**64}, [float("nan")], [float("inf")], {"a": {1: 2.5}}])
def test_what_has_no_canonical_form_is_refused_inside_others_too(value: object) -> None:
    with pytest.raises(CodecError, match=r"^no canonical form: "):
        codec.canonical(value)


@pytest.mark.parametrize("data", [b'{"b":1,"a":2}', b'{"a": 1}', b"[1.0]", b'"\\u0061"', b"[1]\n"])
def test_another_form_of_the_same_value_is_refused(data: bytes) -> None:
    with pytest.raises(CodecError, match=r"^not canonical JSON \(RFC 8785\): first difference at byte \d+$"):
        codec.parse_canonical(data, max_bytes=1000)


def test_a_number_beyond_53_bits_has_no_canonical_form() -> None:
    with pytest.raises(CodecError, match=r"^no canonical form: "):
        codec.canonical(2**53)


@given(st.binary(max_size=40))
def test_base64url_is_read_back(data: bytes) -> None:
    assert codec.unb64u(codec.b64u(data)) == data


@given(st.text("ABQgwxyz0189-_", max_size=7))
def test_there_is_one_text_for_each_value(text: str) -> None:
    try:
        data = codec.unb64u(text)
    except CodecError:
        return
    assert codec.b64u(data) == text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("AA==", "expected base64url without padding"),
        ("A", "expected base64url without padding"),
        ("+/+/", "expected base64url without padding"),
        ("AA\n", "expected base64url without padding"),
        (7, "expected base64url without padding"),
        ("AB", "base64url with unused bits that are not zero"),
        ("AAAA", "3 bytes, expected 2"),
    ],
)
def test_loose_base64url_is_refused(text: object, message: str) -> None:
    with pytest.raises(CodecError, match=f"^{message}$"):
        codec.unb64u(text, size=2)


def test_a_commitment_separates_kinds_and_salts() -> None:
    one = codec.commitment("consent", bytes(32), {"a": 1})
    assert one.hex() == codec.sha256(b"tidegate/consent/1\0" + bytes(32) + b'{"a":1}').hex()
    assert one != codec.commitment("credential", bytes(32), {"a": 1})
    assert one != codec.commitment("consent", bytes(31) + b"\1", {"a": 1})


def test_a_short_salt_is_refused() -> None:
    with pytest.raises(CodecError, match=r"^salt of 16 bytes, expected 32$"):
        codec.commitment("consent", bytes(16), {})
