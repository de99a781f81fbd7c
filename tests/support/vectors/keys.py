"""Keys that are the same each time: each is made from its name. For vectors alone."""

import json
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    derive_private_key,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256

from ledger.codec import b64u, canonical, sha256
from tests.support.ledger import Key

USER_PRESENT_AND_VERIFIED = 0x05


class Randomness:
    """Bytes that look random and are the same each time."""

    def __init__(self, name: str) -> None:
        self._name, self._count = name, 0

    def __call__(self, size: int) -> bytes:
        """Return the next bytes, at most 32."""
        self._count += 1
        return sha256(f"{self._name} {self._count}".encode())[:size]


def ed25519(name: str) -> Key:
    """Return the Ed25519 key of that name."""
    return Key(Ed25519PrivateKey.from_private_bytes(sha256(name.encode())))


@dataclass(frozen=True, slots=True)
class P256Key:
    """A P-256 key with its public JWK and kid."""

    private: EllipticCurvePrivateKey

    @property
    def coordinates(self) -> tuple[bytes, bytes]:
        point = self.private.public_key().public_numbers()
        return point.x.to_bytes(32, "big"), point.y.to_bytes(32, "big")

    @property
    def public(self) -> dict[str, str]:
        x, y = self.coordinates
        return {"crv": "P-256", "kty": "EC", "x": b64u(x), "y": b64u(y)}

    @property
    def kid(self) -> str:
        """The RFC 7638 thumbprint."""
        return b64u(sha256(canonical(self.public)))

    def registered(self, usage: str) -> dict[str, Any]:
        return {"kid": self.kid, "usage": usage, "public_key": self.public}


def p256(name: str) -> P256Key:
    """Return the P-256 key of that name."""
    return P256Key(derive_private_key(int.from_bytes(sha256(name.encode()), "big") >> 1, SECP256R1()))


class Impostor(Key):
    """A key that passes for another: it has that one's public key and kid."""

    def __init__(self, claimed: Key | P256Key, own: Key) -> None:
        super().__init__(own.private)
        self._claimed = claimed

    @property
    def public(self) -> dict[str, str]:
        return self._claimed.public

    @property
    def kid(self) -> str:
        return self._claimed.kid


@dataclass
class Passkey:
    """An owner's passkey; what it answers may be spoilt, member by member, before it signs."""

    key: Key | P256Key
    origin: str = "https://gateway.example"
    rp_id: str = "gateway.example"
    flags: int = USER_PRESENT_AND_VERIFIED
    type: str = "webauthn.get"
    cross_origin: bool = False
    challenge: bytes | None = None
    """What it signs instead of what it was asked."""

    @property
    def public_key(self) -> bytes:
        """The COSE key (RFC 9053 section 7.1), canonical."""
        if isinstance(self.key, P256Key):
            x, y = self.key.coordinates
            return bytes.fromhex("a5010203262001215820") + x + bytes.fromhex("225820") + y
        return bytes.fromhex("a4010103272006215820") + self.key.private.public_key().public_bytes_raw()

    def answer(self, challenge: bytes) -> dict[str, str]:
        """Return the assertion over a challenge, as it stands in a consent record."""
        client = json.dumps(
            {
                "type": self.type,
                "challenge": b64u(self.challenge or challenge),
                "origin": self.origin,
                "crossOrigin": self.cross_origin,
            },
            separators=(",", ":"),
        ).encode()
        authenticator = sha256(self.rp_id.encode()) + bytes([self.flags]) + bytes(4)
        return {
            "credential_id": b64u(sha256(self.public_key)[:16]),
            "authenticator_data": b64u(authenticator),
            "client_data_json": b64u(client),
            "signature": b64u(self._sign(authenticator + sha256(client))),
        }

    def _sign(self, data: bytes) -> bytes:
        if isinstance(self.key, P256Key):
            return self.key.private.sign(data, ECDSA(SHA256(), deterministic_signing=True))
        return self.key.private.sign(data)
