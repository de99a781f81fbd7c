"""Signed JWTs that clients make (proofs and assertions): taken apart strictly, verified in three algorithms. Pure.

Verified with `cryptography` directly: joserfc's decoding costs more than the signature itself, and it warns of the
very name `EdDSA` that FAPI 2.0 section 5.4 has.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc.errors import JoseError
from joserfc.jwk import import_key

from ledger.codec import parse, unb64u
from ledger.errors import CodecError

PublicKey = EllipticCurvePublicKey | Ed25519PublicKey | RSAPublicKey
ALGORITHMS = ("ES256", "EdDSA", "PS256")
"""FAPI 2.0 section 5.4: never `none`, never RS256."""
SIGNED_BY = f"must be signed by a registered key with {', '.join(ALGORITHMS)}"
LONGEST = 8192
MOST_DEPTH = 8
SMALLEST_RSA, LARGEST_RSA = 2048, 8192
"""Bits of a modulus: a verification takes time by the square of it."""
LARGEST_EXPONENT = 64
"""Bits of an RSA key's public exponent: a verification takes time in proportion to it."""
P256_SIGNATURE = 64
PARTS = 3
PUBLIC_MEMBERS = ("kty", "crv", "x", "y", "n", "e")


class CompactError(Exception):
    """The text is no compact JWS of JSON objects, or it is not signed by the key."""


@dataclass(frozen=True, slots=True)
class Compact:
    """A compact JWS taken apart; `signed` is what the signature is over."""

    header: Mapping[str, Any]
    claims: Mapping[str, Any]
    signed: bytes
    signature: bytes


def read(text: str, *, longest: int = LONGEST, depth: int = MOST_DEPTH) -> Compact:
    """Take a compact JWS of JSON objects apart, of at most so many characters. Raises `CompactError`."""
    if len(text) > longest or not text.isascii() or text.count(".") != PARTS - 1:
        raise CompactError("is no compact JWS")
    first, second, third = text.split(".")
    try:
        header, claims = (parse(unb64u(part), max_bytes=longest, max_depth=depth) for part in (first, second))
        signature = unb64u(third)
    except CodecError as error:
        raise CompactError(f"cannot be read: {error}") from None
    if not isinstance(header, dict) or not isinstance(claims, dict):
        raise CompactError("holds no JSON objects")
    return Compact(header, claims, f"{first}.{second}".encode("ascii"), signature)


def public_key(jwk: Mapping[str, Any], alg: str) -> tuple[PublicKey, str]:
    """Return the key of a public JWK that is for `alg`, and its thumbprint (RFC 7638). Raises `CompactError`."""
    try:
        return _import(tuple((name, str(jwk[name])) for name in PUBLIC_MEMBERS if name in jwk), alg)
    except (JoseError, ValueError, KeyError, TypeError):
        raise CompactError(f"is no key for {alg}") from None


@lru_cache(maxsize=4096)
def _import(members: tuple[tuple[str, str], ...], alg: str) -> tuple[PublicKey, str]:
    _check_size(dict(members))
    key = import_key(dict(members))
    public = key.get_op_key("verify")
    fits = {
        "ES256": isinstance(public, EllipticCurvePublicKey) and public.curve.name == "secp256r1",
        "EdDSA": isinstance(public, Ed25519PublicKey),
        "PS256": isinstance(public, RSAPublicKey) and public.key_size >= SMALLEST_RSA,
    }
    if not isinstance(public, PublicKey) or not fits[alg]:
        raise ValueError(alg)
    return public, key.thumbprint()


def _check_size(jwk: Mapping[str, str]) -> None:
    """Raise `ValueError` for an RSA key of another size, before it is made and kept."""
    if jwk.get("kty") == "RSA":
        modulus, exponent = (8 * len(jwk[name]) * 3 // 4 for name in ("n", "e"))
        if not SMALLEST_RSA <= modulus <= LARGEST_RSA or exponent > LARGEST_EXPONENT:
            raise ValueError("RSA")


def verify(compact: Compact, key: PublicKey) -> None:
    """Raise `CompactError` unless the signature is by `key`, in the algorithm that the key is for."""
    try:
        if isinstance(key, Ed25519PublicKey):
            key.verify(compact.signature, compact.signed)
        elif isinstance(key, RSAPublicKey):
            key.verify(compact.signature, compact.signed, PSS(MGF1(SHA256()), SHA256().digest_size), SHA256())
        else:
            key.verify(_der(compact.signature), compact.signed, ECDSA(SHA256()))
    except InvalidSignature:
        raise CompactError("has a signature that does not verify") from None


def verify_by_one_of(compact: Compact, jwks: Mapping[str, Any]) -> None:
    """Raise `CompactError` unless a key of the set signed it: the one that `kid` names, or any that is for `alg`."""
    alg, kid = compact.header.get("alg"), compact.header.get("kid")
    if alg not in ALGORITHMS or "crit" in compact.header:
        raise CompactError(SIGNED_BY)
    keys = [key for key in jwks["keys"] if kid is None or key.get("kid") == kid]
    fitting = [found for found in (_fitting(key, alg) for key in keys) if found is not None]
    if not fitting:
        raise CompactError(SIGNED_BY)
    for key in fitting[:-1]:
        with suppress(CompactError):
            return verify(compact, key)
    return verify(compact, fitting[-1])


def _fitting(jwk: Mapping[str, Any], alg: str) -> PublicKey | None:
    try:
        return public_key(jwk, alg)[0]
    except CompactError:
        return None


def _der(signature: bytes) -> bytes:
    """Return an ES256 signature (RFC 7518 section 3.4) as `cryptography` takes it."""
    if len(signature) != P256_SIGNATURE:
        raise CompactError("has a signature that does not verify")
    half = P256_SIGNATURE // 2
    return encode_dss_signature(int.from_bytes(signature[:half], "big"), int.from_bytes(signature[half:], "big"))
