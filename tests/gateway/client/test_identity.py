from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP384R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat

from gateway.client.identity import Identity, KeyFileError, new_key, pem, public_jwk, read_key


def test_a_key_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "bank.pem"
    for key in (new_key(), Ed25519PrivateKey.generate(), generate_rsa(65537, 2048)):
        path.write_bytes(pem(key))
        assert public_jwk(read_key(path)) == public_jwk(key)
        assert Identity.read("bank", path).kid == public_jwk(key)["kid"]


def test_the_public_key_has_no_private_member() -> None:
    assert sorted(public_jwk(new_key())) == ["crv", "kid", "kty", "x", "y"]


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match=r"/none.pem: No such file or directory$"):
        read_key(tmp_path / "none.pem")


def test_what_is_no_key_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bank.pem"
    encrypted = new_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret"))
    for content in (b"", b"hello", encrypted):
        path.write_bytes(content)
        with pytest.raises(KeyFileError, match=r"/bank.pem: expected a private key in PEM, not encrypted$"):
            read_key(path)


def test_a_weak_or_unknown_key_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bank.pem"
    weak = generate_rsa(65537, 1024)  # noqa: S505 - weak is what must be refused
    for key in (weak, generate_private_key(SECP384R1())):
        path.write_bytes(pem(key))
        with pytest.raises(KeyFileError, match=r": expected a P-256 or Ed25519 key, or RSA of at least 2048 bits$"):
            read_key(path)
