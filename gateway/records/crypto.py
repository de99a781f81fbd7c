"""Encryption at rest: an envelope of three keys, so that deleting one small thing makes data unreadable for good.

The master key wraps one key a holder (an owner, or the provider of what nobody owns yet); a holder's key wraps one
data key a record or original; the data key encrypts. All of it is AES-256-GCM with random 96-bit nonces (NIST SP
800-38D section 8.2.2), a data key encrypts once, and what each ciphertext is and belongs to is authenticated with it
(AAD), so that none can be moved to another row. Erasing a record is deleting its wrapped data key.
"""

import hashlib
import hmac
import os
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32
NONCE_BYTES = 12


class DecryptionError(Exception):
    """A ciphertext is not what it should be: altered, moved, or under another key."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """What is stored: the wrapped data key, and the ciphertext under it."""

    wrapped_key: bytes
    ciphertext: bytes


def new_key() -> bytes:
    """Return a new AES-256 key: 32 random bytes."""
    return os.urandom(KEY_BYTES)


def encrypt(key: bytes, plaintext: bytes, *, context: str) -> bytes:
    """Return nonce and AES-256-GCM ciphertext; `context` says what it is and of what, and is authenticated."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plaintext, context.encode())


def decrypt(key: bytes, ciphertext: bytes, *, context: str) -> bytes:
    """Return the plaintext of `encrypt`. Raises `DecryptionError`."""
    try:
        return AESGCM(key).decrypt(ciphertext[:NONCE_BYTES], ciphertext[NONCE_BYTES:], context.encode())
    except (InvalidTag, ValueError):
        raise DecryptionError(f"{context}: the stored bytes do not decrypt under their key") from None


def seal(holder_key: bytes, plaintext: bytes, *, context: str) -> Envelope:
    """Encrypt under a new data key that `holder_key` wraps."""
    data_key = new_key()
    wrapped = encrypt(holder_key, data_key, context=f"key of {context}")
    return Envelope(wrapped, encrypt(data_key, plaintext, context=context))


def unseal(holder_key: bytes, envelope: Envelope, *, context: str) -> bytes:
    """Return the plaintext of `seal`. Raises `DecryptionError`."""
    data_key = decrypt(holder_key, envelope.wrapped_key, context=f"key of {context}")
    return decrypt(data_key, envelope.ciphertext, context=context)


def rewrap(old_key: bytes, new_holder_key: bytes, wrapped_key: bytes, *, context: str) -> bytes:
    """Return a data key, wrapped for its old holder, wrapped for its new one. Raises `DecryptionError`."""
    data_key = decrypt(old_key, wrapped_key, context=f"key of {context}")
    return encrypt(new_holder_key, data_key, context=f"key of {context}")


def keyed_digest(master: bytes, data: bytes) -> bytes:
    """Return a digest that only the master key's holder can compute: it finds equal bytes and confirms no guess.

    HMAC-SHA-256 under a key derived by HKDF (RFC 5869).
    """
    key = HKDF(SHA256(), KEY_BYTES, salt=None, info=b"tidegate/digest/1").derive(master)
    return hmac.digest(key, data, hashlib.sha256)
