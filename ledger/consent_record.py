"""The consent record: which of its members the owner's passkey signs, its commitment, and the check of the signature.

A record is a JSON object with exactly `MEMBERS`. The passkey signs SHA-256 of the RFC 8785 form of `SIGNED`: that
digest is the WebAuthn challenge. `status`, `events` and `proof` stand outside.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import cbor2
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePublicNumbers
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256

from ledger.blocks.forms import members
from ledger.codec import b64u, canonical, commitment, parse, sha256, unb64u
from ledger.errors import CodecError, VerificationError

SCHEMA_VERSION = "tidegate-consent/1"
SIGNED = (
    "schema_version",
    "consent",
    "version",
    "previous",
    "nonce",
    "parties",
    "notice",
    "purpose",
    "data",
    "limits",
)
OUTSIDE = ("status", "events", "proof")
MEMBERS = (*SIGNED, *OUTSIDE)
USER_PRESENT, USER_VERIFIED = 0x01, 0x04
RP_ID_HASH, FLAGS, LEAST_AUTHENTICATOR_DATA = slice(0, 32), 32, 37
MOST_CLIENT_DATA = 4096
ES256, EDDSA = -7, -8
KTY, ALG, CRV, X, Y = 1, 3, -1, -2, -3


def signed_digest(record: Mapping[str, Any]) -> bytes:
    """Return what the passkey signs, 32 bytes: SHA-256 of the RFC 8785 form of the signed members."""
    return sha256(canonical({name: record[name] for name in SIGNED}))


def record_hash(record: Mapping[str, Any]) -> str:
    """Return base64url of SHA-256 of the whole record: the next version's `previous`."""
    return b64u(sha256(canonical(record)))


def record_commitment(record: Mapping[str, Any], salt: bytes) -> bytes:
    """Return the commitment to a whole record that goes on the ledger."""
    return commitment("consent", salt, record)


def credential_commitment(*, owner: str, public_key: bytes, salt: bytes) -> bytes:
    """Return the commitment to an owner's passkey (COSE key) that goes on the ledger."""
    return commitment("credential", salt, {"owner": owner, "public_key": b64u(public_key)})


def verify_assertion(record: Mapping[str, Any]) -> None:
    """Raise unless the owner's passkey signed this record, with the user verified, at the gateway's own domain.

    Raises `CodecError` for a proof that is not in form, `VerificationError` for one that does not hold
    (Web Authentication Level 3 section 7.2).
    """
    proof = members(record["proof"], ("digest", "credential", "assertion"), "proof")
    credential = members(proof["credential"], ("public_key", "salt"), "proof: credential")
    assertion = members(
        proof["assertion"], ("credential_id", "authenticator_data", "client_data_json", "signature"), "assertion"
    )
    signed = signed_digest(record)
    if proof["digest"] != b64u(signed):
        raise VerificationError(f"the record's digest is {b64u(signed)}, its proof says {proof['digest']}")
    unb64u(assertion["credential_id"])
    authenticator, client = unb64u(assertion["authenticator_data"]), unb64u(assertion["client_data_json"])
    rp_id = record["parties"]["gateway"]["rp_id"]
    _check_client_data(client, signed, rp_id)
    _check_authenticator_data(authenticator, rp_id)
    verify_cose(unb64u(credential["public_key"]), unb64u(assertion["signature"]), authenticator + sha256(client))


def _check_client_data(client: bytes, challenge: bytes, rp_id: str) -> None:
    data = parse(client, max_bytes=MOST_CLIENT_DATA)
    if not isinstance(data, dict) or data.get("type") != "webauthn.get":
        raise VerificationError("the passkey's client data is not of type webauthn.get")
    if data.get("challenge") != b64u(challenge):
        raise VerificationError(f"the passkey signed challenge {data.get('challenge')!r}, expected {b64u(challenge)!r}")
    host = urlsplit(str(data.get("origin"))).hostname or ""
    if (host != rp_id and not host.endswith(f".{rp_id}")) or data.get("crossOrigin") is True:
        raise VerificationError(f"the passkey signed at {data.get('origin')!r}, expected an origin of {rp_id!r}")


def _check_authenticator_data(data: bytes, rp_id: str) -> None:
    if len(data) < LEAST_AUTHENTICATOR_DATA:
        raise VerificationError(f"authenticator data of {len(data)} bytes, expected {LEAST_AUTHENTICATOR_DATA} or more")
    if data[RP_ID_HASH] != sha256(rp_id.encode()):
        raise VerificationError(f"the passkey is of another domain than {rp_id!r}")
    if data[FLAGS] & (USER_PRESENT | USER_VERIFIED) != USER_PRESENT | USER_VERIFIED:
        raise VerificationError("the passkey signed without verifying its user")


def verify_cose(public_key: bytes, signature: bytes, signed: bytes) -> None:
    """Raise `VerificationError` unless `signature` is by a COSE key (ES256 or EdDSA, RFC 9053) over `signed`."""
    try:
        key = cbor2.loads(public_key)
        if key[ALG] == ES256 and (key[KTY], key[CRV]) == (2, 1):
            point = EllipticCurvePublicNumbers(
                int.from_bytes(key[X], "big"), int.from_bytes(key[Y], "big"), curve=SECP256R1()
            )
            point.public_key().verify(signature, signed, ECDSA(SHA256()))
        elif key[ALG] == EDDSA and (key[KTY], key[CRV]) == (1, 6):
            Ed25519PublicKey.from_public_bytes(key[X]).verify(signature, signed)
        else:
            raise VerificationError(f"COSE key with algorithm {key[ALG]}, expected {ES256} (ES256) or {EDDSA} (EdDSA)")
    except InvalidSignature:
        raise VerificationError("the passkey's signature does not verify") from None
    except (cbor2.CBORDecodeError, KeyError, TypeError, ValueError):
        raise CodecError("no COSE public key") from None


def check_form(record: object) -> Mapping[str, Any]:
    """Return the record if it has exactly the members it should, of this schema version. Raises `CodecError`."""
    given = members(record, MEMBERS, "consent record")
    if given["schema_version"] != SCHEMA_VERSION:
        raise CodecError(f"consent record of schema {given['schema_version']!r}, expected {SCHEMA_VERSION!r}")
    return given
