"""Compact JWS (RFC 7515) with Ed25519 (`EdDSA`, RFC 8037) or P-256 (`ES256`, RFC 7518), one form for each signature.

What clients sign may also be RSA's (`PS256`); nothing else is.

Composed of `cryptography`'s signatures directly: a pull signs a receipt and a verifier checks many records, and the
general libraries cost more than the signature itself. Reading is strict: base64url without padding or idle bits, and a
header with exactly `alg`, `kid` and `typ`.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    EllipticCurvePublicNumbers,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, RSAPublicNumbers
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from ledger.blocks.forms import members
from ledger.codec import b64u, canonical, parse, unb64u
from ledger.errors import CodecError, VerificationError

PrivateKey = Ed25519PrivateKey | EllipticCurvePrivateKey
ALGORITHMS = {"Ed25519": "EdDSA", "P-256": "ES256"}
OF_CLIENTS = (*ALGORITHMS.values(), "PS256")
SMALLEST_RSA, LARGEST_RSA, LARGEST_EXPONENT = 2048, 8192, 64
"""Bits of an RSA key that is used, and of its exponent."""
COORDINATE = 32
MOST_HEADER_BYTES = 1024


@dataclass(frozen=True, slots=True)
class Jws:
    """A compact JWS taken apart; `signed` is what the signature is over."""

    alg: str
    kid: str
    typ: str
    payload: bytes
    signed: bytes
    signature: bytes


def sign(payload: bytes, *, typ: str, kid: str, key: PrivateKey) -> str:
    """Return the compact JWS of `payload`."""
    alg = "EdDSA" if isinstance(key, Ed25519PrivateKey) else "ES256"
    head = b64u(canonical({"alg": alg, "kid": kid, "typ": typ}))
    signed = f"{head}.{b64u(payload)}"
    return f"{signed}.{b64u(_signature(signed.encode('ascii'), key))}"


def read(compact: str, *, typ: str, max_bytes: int, algorithms: Collection[str] = tuple(ALGORITHMS.values())) -> Jws:
    """Take a compact JWS apart. Raises `CodecError` unless it is in the one form, of type `typ`."""
    if len(compact) > max_bytes or not compact.isascii():
        raise CodecError(f"JWS of {len(compact)} characters, expected at most {max_bytes} of ASCII")
    parts = compact.split(".")
    if len(parts) != len(("header", "payload", "signature")):
        raise CodecError(f"JWS has {len(parts)} parts, expected 3")
    header = members(parse(unb64u(parts[0]), max_bytes=MOST_HEADER_BYTES), ("alg", "kid", "typ"), "JWS header")
    if header["typ"] != typ or header["alg"] not in algorithms or not isinstance(header["kid"], str):
        raise CodecError(f"JWS header has typ {header['typ']!r} and alg {header['alg']!r}, expected typ {typ!r}")
    signed = compact.rpartition(".")[0].encode("ascii")
    size = None if header["alg"] == "PS256" else 64
    return Jws(header["alg"], header["kid"], typ, unb64u(parts[1]), signed, unb64u(parts[2], size=size))


def verify(jws: Jws, public_key: Mapping[str, Any]) -> None:
    """Raise `VerificationError` unless the JWS is signed by the key of a public JWK, in that key's algorithm."""
    rsa = public_key.get("kty") == "RSA"
    alg = "PS256" if rsa else ALGORITHMS.get(public_key.get("crv", ""))
    if jws.alg != alg:
        raise VerificationError(f"JWS signed with {jws.alg}, expected {alg}, which its key is for")
    key = (
        _rsa(public_key["n"], public_key["e"])
        if rsa
        else _public(public_key["crv"], public_key["x"], public_key.get("y", ""))
    )
    try:
        if isinstance(key, Ed25519PublicKey):
            key.verify(jws.signature, jws.signed)
        elif isinstance(key, RSAPublicKey):
            key.verify(jws.signature, jws.signed, PSS(MGF1(SHA256()), SHA256().digest_size), SHA256())
        else:
            key.verify(_der(jws.signature), jws.signed, ECDSA(SHA256()))
    except InvalidSignature:
        raise VerificationError(f"signature by key {jws.kid} does not verify") from None


def payload(jws: Jws, *, max_bytes: int) -> dict[str, Any]:
    """Return the JSON object that a JWS carries. Raises `CodecError`."""
    value = parse(jws.payload, max_bytes=max_bytes)
    if not isinstance(value, dict):
        raise CodecError("JWS payload is no JSON object")
    return value


def _signature(signed: bytes, key: PrivateKey) -> bytes:
    if isinstance(key, Ed25519PrivateKey):
        return key.sign(signed)
    r, s = decode_dss_signature(key.sign(signed, ECDSA(SHA256(), deterministic_signing=True)))  # RFC 6979
    return r.to_bytes(COORDINATE, "big") + s.to_bytes(COORDINATE, "big")


def _der(signature: bytes) -> bytes:
    return encode_dss_signature(
        int.from_bytes(signature[:COORDINATE], "big"), int.from_bytes(signature[COORDINATE:], "big")
    )


@lru_cache(maxsize=1024)
def _public(crv: str, x: str, y: str) -> Ed25519PublicKey | EllipticCurvePublicKey:
    try:
        if crv == "Ed25519":
            return Ed25519PublicKey.from_public_bytes(unb64u(x, size=COORDINATE))
        first, second = (int.from_bytes(unb64u(each, size=COORDINATE), "big") for each in (x, y))
        return EllipticCurvePublicNumbers(first, second, SECP256R1()).public_key()
    except (ValueError, CodecError):
        raise VerificationError(f"no public key on {crv}") from None


@lru_cache(maxsize=1024)
def _rsa(n: str, e: str) -> RSAPublicKey:
    try:
        modulus, exponent = (int.from_bytes(unb64u(each), "big") for each in (n, e))
        if not SMALLEST_RSA <= modulus.bit_length() <= LARGEST_RSA or exponent.bit_length() > LARGEST_EXPONENT:
            raise ValueError
        return RSAPublicNumbers(exponent, modulus).public_key()
    except (ValueError, CodecError):
        raise VerificationError(f"no public RSA key of {SMALLEST_RSA} to {LARGEST_RSA} bits") from None
