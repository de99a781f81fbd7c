import re

import pytest

from gateway.records import crypto

HOLDER = bytes(range(32))


def test_what_was_sealed_opens_with_the_holders_key_and_its_context() -> None:
    envelope = crypto.seal(HOLDER, b"cargo", context="record a")
    assert crypto.unseal(HOLDER, envelope, context="record a") == b"cargo"


def test_a_ciphertext_moved_to_another_row_does_not_open() -> None:
    envelope = crypto.seal(HOLDER, b"cargo", context="record a")
    message = "^" + re.escape("key of record b: the stored bytes do not decrypt under their key") + "$"
    with pytest.raises(crypto.DecryptionError, match=message):
        crypto.unseal(HOLDER, envelope, context="record b")


def test_a_ciphertext_paired_with_another_rows_data_key_does_not_open() -> None:
    first, second = (crypto.seal(HOLDER, b"cargo", context="record a") for _ in range(2))
    mixed = crypto.Envelope(first.wrapped_key, second.ciphertext)
    with pytest.raises(crypto.DecryptionError, match=r"^record a: the stored bytes do not decrypt under their key$"):
        crypto.unseal(HOLDER, mixed, context="record a")


@pytest.mark.parametrize("place", [0, 11, 12, -1])
def test_any_altered_byte_is_noticed(place: int) -> None:
    ciphertext = bytearray(crypto.encrypt(HOLDER, b"cargo", context="c"))
    ciphertext[place] ^= 1
    with pytest.raises(crypto.DecryptionError, match=r"^c: the stored bytes do not decrypt under their key$"):
        crypto.decrypt(HOLDER, bytes(ciphertext), context="c")


@pytest.mark.parametrize("size", [0, 5, 12, 27])
def test_bytes_too_short_to_be_a_ciphertext_are_refused_alike(size: int) -> None:
    with pytest.raises(crypto.DecryptionError, match=r"^c: the stored bytes do not decrypt under their key$"):
        crypto.decrypt(HOLDER, b"\0" * size, context="c")


def test_equal_texts_do_not_look_equal() -> None:
    assert crypto.encrypt(HOLDER, b"cargo", context="c") != crypto.encrypt(HOLDER, b"cargo", context="c")


def test_a_data_key_wrapped_anew_opens_for_the_new_holder_only() -> None:
    other = bytes(32)
    envelope = crypto.seal(HOLDER, b"cargo", context="record a")
    moved = crypto.Envelope(crypto.rewrap(HOLDER, other, envelope.wrapped_key, context="record a"), envelope.ciphertext)
    assert crypto.unseal(other, moved, context="record a") == b"cargo"
    with pytest.raises(crypto.DecryptionError):
        crypto.unseal(HOLDER, moved, context="record a")


def test_a_keyed_digest_finds_equal_bytes_and_differs_under_another_master_key() -> None:
    assert crypto.keyed_digest(HOLDER, b"bytes") == crypto.keyed_digest(HOLDER, b"bytes")
    assert crypto.keyed_digest(HOLDER, b"bytes") != crypto.keyed_digest(bytes(32), b"bytes")
    assert crypto.keyed_digest(HOLDER, b"bytes") != crypto.keyed_digest(HOLDER, b"Bytes")
