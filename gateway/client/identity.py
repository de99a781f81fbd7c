"""Who a client is: its id and the private key by which it signs in (`private_key_jwt`, OpenID Connect Core section 9).

Used with PS256, ES256 or EdDSA, as the key is.
"""

import time
from dataclasses import dataclass
from pathlib import Path
from secrets import token_bytes
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from joserfc import jwt
from joserfc.jwk import ECKey, OKPKey, RSAKey

from gateway.client.errors import ClientError
from ledger import jws
from ledger.codec import b64u, canonical

PrivateKey = EllipticCurvePrivateKey | Ed25519PrivateKey | RSAPrivateKey
ASSERTION_SECONDS = 60
SMALLEST_RSA = 2048
ID_BYTES = 16


class KeyFileError(ClientError):
    """The file holds no private key that can be used here."""


@dataclass(frozen=True, slots=True)
class Identity:
    """A registered client. `kid` is that of its registered public key, by default the RFC 7638 thumbprint."""

    client_id: str
    key: PrivateKey
    kid: str

    @classmethod
    def of(cls, client_id: str, key: PrivateKey) -> "Identity":
        """Return the identity with the key's thumbprint as its `kid`."""
        return cls(client_id, key, _jwk(key).thumbprint())

    @classmethod
    def read(cls, client_id: str, path: Path) -> "Identity":
        """Read the key from a PEM file. Raises `KeyFileError`."""
        return cls.of(client_id, read_key(path))

    def assertion(self, audience: str) -> str:
        """Return a client assertion for `audience`, the issuer: valid for a minute, once (RFC 7523 section 3)."""
        now = int(time.time())
        claims = {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": audience,
            "iat": now,
            "exp": now + ASSERTION_SECONDS,
            "jti": b64u(token_bytes(ID_BYTES)),
        }
        return self.sign(claims, typ="JWT")

    def sign(self, claims: dict[str, Any], *, typ: str) -> str:
        """Return claims as a compact JWS of this client."""
        if isinstance(self.key, RSAPrivateKey):
            header = {"alg": "PS256", "kid": self.kid, "typ": typ}
            return jwt.encode(header, claims, RSAKey.import_key(self.key), algorithms=["PS256"])
        return jws.sign(canonical(claims), typ=typ, kid=self.kid, key=self.key)


def new_key() -> EllipticCurvePrivateKey:
    """Make a P-256 key."""
    return generate_private_key(SECP256R1())


def pem(key: PrivateKey) -> bytes:
    """Return a private key as PEM, PKCS #8, not encrypted: write it where its owner alone can read it."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def read_key(path: Path) -> PrivateKey:
    """Read a private key from a PEM file: P-256, Ed25519, or RSA of at least 2048 bits. Raises `KeyFileError`."""
    try:
        key = load_pem_private_key(path.read_bytes(), None)
    except OSError as error:
        raise KeyFileError(f"{path}: {error.strerror}") from error
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise KeyFileError(f"{path}: expected a private key in PEM, not encrypted") from None
    if isinstance(key, RSAPrivateKey) and key.key_size >= SMALLEST_RSA:
        return key
    if isinstance(key, Ed25519PrivateKey):
        return key
    if isinstance(key, EllipticCurvePrivateKey) and key.curve.name == SECP256R1.name:
        return key
    raise KeyFileError(f"{path}: expected a P-256 or Ed25519 key, or RSA of at least {SMALLEST_RSA} bits")


def public_jwk(key: PrivateKey) -> dict[str, Any]:
    """Return the public JWK of a private key, with its RFC 7638 thumbprint as `kid`: what a participant registers."""
    jwk = _jwk(key)
    return {**jwk.as_dict(private=False), "kid": jwk.thumbprint()}


def _jwk(key: PrivateKey) -> ECKey | OKPKey | RSAKey:
    if isinstance(key, EllipticCurvePrivateKey):
        return ECKey.import_key(key)
    return OKPKey.import_key(key) if isinstance(key, Ed25519PrivateKey) else RSAKey.import_key(key)
