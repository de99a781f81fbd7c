"""Records that others sealed are taken only in the form in which we conceal ourselves."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.codec import b64u
from ledger.disclosures import arrange
from ledger.errors import CodecError
from ledger.sdjwt import conceal, digest

SALT = b64u(bytes(16))
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-1000, 1000)
    | st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc/~"), inner, max_size=3),
    max_leaves=12,
)


def disclosed(*parts: object) -> str:
    return b64u(json.dumps(list(parts)).encode())


def payload(*encoded: str) -> dict[str, Any]:
    return {"_sd": [digest(each) for each in encoded]}


@given(claims=st.dictionaries(st.sampled_from(["a", "b", "c/d"]), VALUES, max_size=3))
def test_what_we_concealed_is_arranged_as_it_was(claims: dict[str, Any]) -> None:
    digests, disclosures = conceal(claims)
    arranged = arrange({"_sd": digests}, [each.encoded for each in disclosures])
    assert {(each.pointer, each.encoded) for each in arranged} == {(each.pointer, each.encoded) for each in disclosures}
    for number, each in enumerate(arranged):
        assert each.parent is None or each.parent < number


@pytest.mark.parametrize(
    ("encoded", "shown", "message"),
    [
        ([], [disclosed(SALT, "a", 1)], "the record: a digest has no disclosure; expected all of them"),
        ([disclosed(SALT, "a", 1)], [], "1 disclosures belong to no digest"),
        ([disclosed(SALT, "a", {"b": 1})], None, "/a: expected every member to be a disclosure of its own"),
        ([disclosed(SALT, "a", [1])], None, "/a: expected every element to be a disclosure of its own"),
        ([disclosed(SALT, "a")], None, "the record: expected disclosures of 3 elements"),
        ([disclosed(SALT, "_sd", 1)], None, "the record: a disclosure has no name, or a reserved one"),
        ([disclosed(SALT, 1, 1)], None, "the record: a disclosure has no name, or a reserved one"),
        ([disclosed(b64u(bytes(8)), "a", 1)], None, "8 bytes, expected 16"),
        ([disclosed(SALT, "a", {"_sd": "x"})], None, "/a: expected every member to be a disclosure of its own"),
    ],
)
def test_another_form_is_refused(encoded: list[str], shown: list[str] | None, message: str) -> None:
    with pytest.raises(CodecError) as refusal:
        arrange(payload(*(encoded if shown is None else shown)), encoded)
    assert str(refusal.value) == message


def test_deep_nesting_ends() -> None:
    encoded = [disclosed(SALT, "a", 1)]
    for _ in range(5000):
        encoded.append(disclosed(SALT, "a", payload(encoded[-1])))
    with pytest.raises(CodecError, match=r"nested deeper than 64$"):
        arrange(payload(encoded[-1]), encoded)
