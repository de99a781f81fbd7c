"""Entries: built, signed, read strictly."""

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from ledger.codec import canonical, unb64u
from ledger.entries import build, decode
from ledger.errors import CodecError
from tests.support.ledger import Operator, random_digest

OPERATOR = Operator()
ENTRY = OPERATOR.entry("owner.credential_added", {"commitment": random_digest()})


def changed(**members: Any) -> bytes:
    return canonical({**json.loads(ENTRY), **members})


def test_an_entry_is_read_back_and_its_signature_is_over_the_documented_bytes() -> None:
    entry = decode(ENTRY)
    value = json.loads(ENTRY)
    del value["signatures"]
    assert entry.signed == b"tidegate/entry/1\0" + canonical(value)
    public = Ed25519PublicKey.from_public_bytes(unb64u(OPERATOR.entries.public["x"]))
    public.verify(entry.signatures[0].sig, entry.signed)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (ENTRY + b"\n", r"^not canonical JSON \(RFC 8785\): first difference at byte \d+$"),
        (changed(v=2), r"^entry: v: got 2, expected 1$"),
        (changed(v=True), r"^entry: v: got True, expected 1$"),
        (changed(extra=1), r"^entry has \[.*'extra'.*\], expected exactly \["),
        (changed(id="AAAA"), r"^entry: id: 3 bytes, expected 16$"),
        (changed(not_after_height=0), r"^entry: not_after_height: height is 0, expected an integer of at least 1$"),
        (changed(type="consent.given"), r"^entry: type: got 'consent.given', expected one of org.register, "),
        (changed(body={}), r"^owner.credential_added has \[\], expected exactly \['commitment'\]$"),
        (changed(body={"commitment": 7}), r"^owner.credential_added: commitment: expected base64url without padding$"),
        (changed(signatures=[]), r"^entry: signatures: expected a list of 1 to 100 signatures$"),
        (
            changed(signatures=json.loads(ENTRY)["signatures"] * 2),
            r"^entry: signatures: signatures are not sorted by org and kid, each once$",
        ),
        (b"[]", r"^entry has list, expected exactly "),
    ],
)
def test_what_is_not_exactly_an_entry_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(CodecError, match=message):
        decode(data)


def test_a_body_with_a_boolean_cannot_be_built() -> None:
    body = {"stream": "records", "root": random_digest(), "size": True, "sequence": 1, "previous": random_digest()}
    with pytest.raises(CodecError, match=r"^batch.anchor: size: number is True, expected an integer of at least 1$"):
        build(chain="c", entry_id=bytes(16), type="batch.anchor", body=body, not_after_height=1)


@given(st.integers(0, len(ENTRY) - 1), st.integers(0, 7))
def test_any_flipped_bit_is_refused_or_changes_what_was_signed(place: int, bit: int) -> None:
    data = bytearray(ENTRY)
    data[place] ^= 1 << bit
    try:
        entry = decode(bytes(data))
    except CodecError:
        return
    whole = decode(ENTRY)
    assert (entry.signed, entry.signatures) != (whole.signed, whole.signatures)
