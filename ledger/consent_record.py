"""The consent record: which of its members the owner's passkey signs, its commitment, and the check of the signature.

A record is a JSON object with exactly `MEMBERS`. The passkey signs SHA-256 of the RFC 8785 form of `SIGNED`: that
digest is the WebAuthn challenge. `status`, `events` and `proof` stand outside. Where two people must sign, both sign
that digest (`ledger.signatories`).
"""

import re
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePublicNumbers
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256

from ledger.blocks.forms import members
from ledger.bodies import Check, at_least, digest, instant, name, one_of
from ledger.codec import b64u, canonical, commitment, parse, sha256, unb64u
from ledger.errors import CodecError, VerificationError
from ledger.signatories import check_people, check_proof, check_required, signatures

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
ORIGIN = re.compile(r"(https?)://([a-z0-9.-]+)(?::[0-9]{1,5})?")
DOMAIN = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")
COSE_ES256 = re.compile(rb"\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20(.{32})\x22\x58\x20(.{32})", re.DOTALL)
"""{1: 2 (EC2), 3: -7 (ES256), -1: 1 (P-256), -2: x, -3: y} in CBOR: 77 bytes."""
COSE_EDDSA = re.compile(rb"\xa4\x01\x01\x03\x27\x20\x06\x21\x58\x20(.{32})", re.DOTALL)
"""{1: 1 (OKP), 3: -8 (EdDSA), -1: 6 (Ed25519), -2: x} in CBOR: 42 bytes."""


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

    Where the record says that two people must sign, the passkeys of two did. Raises `CodecError` for a record or proof
    that is not in form, `VerificationError` for a proof that does not hold (Web Authentication Level 3 section 7.2).
    """
    proof = check_form(record)["proof"]
    signed = signed_digest(record)
    if proof["digest"] != b64u(signed):
        raise VerificationError(f"the record's digest is {b64u(signed)}, its proof says {proof['digest']}")
    check_people(record)
    for signature in signatures(record):
        verify_signature(signature, signed, rp_id=record["parties"]["gateway"]["rp_id"])


def verify_signature(signature: Mapping[str, Any], signed: bytes, *, rp_id: str) -> None:
    """Raise `VerificationError` unless a signature in form is a passkey's of `rp_id` over the digest `signed`."""
    assertion = signature["assertion"]
    authenticator, client = unb64u(assertion["authenticator_data"]), unb64u(assertion["client_data_json"])
    _check_client_data(client, signed, rp_id)
    _check_authenticator_data(authenticator, rp_id)
    public_key = unb64u(signature["credential"]["public_key"])
    verify_cose(public_key, unb64u(assertion["signature"]), authenticator + sha256(client))


def _check_client_data(client: bytes, challenge: bytes, rp_id: str) -> None:
    data = parse(client, max_bytes=MOST_CLIENT_DATA)
    if not isinstance(data, dict) or data.get("type") != "webauthn.get":
        raise VerificationError("the passkey's client data is not of type webauthn.get")
    if data.get("challenge") != b64u(challenge):
        raise VerificationError(f"the passkey signed challenge {data.get('challenge')!r}, expected {b64u(challenge)!r}")
    if not _is_of(data.get("origin"), rp_id) or data.get("crossOrigin") is True:
        raise VerificationError(f"the passkey signed at {data.get('origin')!r}, expected an origin of {rp_id!r}")


def _is_of(origin: object, rp_id: str) -> bool:
    """Say whether a page of `origin` may use passkeys of `rp_id`: https there or below, or http on this machine."""
    match = ORIGIN.fullmatch(origin) if isinstance(origin, str) else None
    if not match:
        return False
    scheme, host = match.groups()
    return _below(host, rp_id) and (scheme == "https" or _below(host, "localhost"))


def _below(host: str, domain: str) -> bool:
    return host == domain or host.endswith(f".{domain}")


def _check_authenticator_data(data: bytes, rp_id: str) -> None:
    if len(data) < LEAST_AUTHENTICATOR_DATA:
        raise VerificationError(f"authenticator data of {len(data)} bytes, expected {LEAST_AUTHENTICATOR_DATA} or more")
    if data[RP_ID_HASH] != sha256(rp_id.encode()):
        raise VerificationError(f"the passkey is of another domain than {rp_id!r}")
    if data[FLAGS] & (USER_PRESENT | USER_VERIFIED) != USER_PRESENT | USER_VERIFIED:
        raise VerificationError("the passkey signed without verifying its user")


def verify_cose(public_key: bytes, signature: bytes, signed: bytes) -> None:
    """Raise `VerificationError` unless `signature` is by a COSE key over `signed`.

    The key is in the one form that authenticators give (Web Authentication Level 3 section 6.5.1.1, CTAP2 canonical
    CBOR, no optional members): ES256 with `kty`, `alg`, `crv`, `x`, `y`, or EdDSA with `kty`, `alg`, `crv`, `x`.
    Raises `CodecError` for any other.
    """
    try:
        if match := COSE_ES256.fullmatch(public_key):
            x, y = (int.from_bytes(each, "big") for each in match.groups())
            point = EllipticCurvePublicNumbers(x, y, curve=SECP256R1()).public_key()
            point.verify(signature, signed, ECDSA(SHA256()))
        elif match := COSE_EDDSA.fullmatch(public_key):
            Ed25519PublicKey.from_public_bytes(match[1]).verify(signature, signed)
        else:
            raise CodecError("the passkey's public key is no COSE key of ES256 or EdDSA in canonical CBOR")
    except InvalidSignature:
        raise VerificationError("the passkey's signature does not verify") from None
    except ValueError:
        raise CodecError("the passkey's public key is no point on its curve") from None


def check_form(record: object) -> Mapping[str, Any]:
    """Return the record if it has exactly the members it should, and those that a verifier reads are in form.

    Raises `CodecError`. Everything else in the record is between the owner and the gateway: it is signed as it is.
    """
    given = members(record, MEMBERS, "consent record")
    for pointer, check in READ.items():
        try:
            check(_at(given, pointer))
        except CodecError as error:
            raise CodecError(f"consent record: {pointer}: {error}") from None
    try:
        check_required(given["parties"])
    except CodecError as error:
        raise CodecError(f"consent record: parties: {error}") from None
    return given


def _at(value: Any, pointer: str) -> object:  # noqa: ANN401 - any JSON
    for step in pointer.split("/"):
        if not isinstance(value, dict) or step not in value:
            raise CodecError("expected to be there")
        value = value[step]
    return value


def _domain(value: object) -> None:
    if not isinstance(value, str) or not DOMAIN.fullmatch(value):
        raise CodecError("expected a domain name in lower case")


def _strings(value: object) -> None:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise CodecError("expected a list of strings")


def _strings_by_name(value: object) -> None:
    if not isinstance(value, dict):
        raise CodecError("expected an object")
    for each in value.values():
        _strings(each)


def _list(value: object) -> None:
    if not isinstance(value, list):
        raise CodecError("expected a list")


def _object_or_null(value: object) -> None:
    if value is not None and not isinstance(value, dict):
        raise CodecError("expected an object or null")


READ: Mapping[str, Check] = {
    "schema_version": one_of(SCHEMA_VERSION),
    "consent": digest,
    "version": at_least(1),
    "parties/owner/id": name,
    "parties/bank/id": name,
    "parties/gateway/id": name,
    "parties/gateway/rp_id": _domain,
    "data/products": _strings,
    "data/fields": _strings_by_name,
    "data/personal": _strings_by_name,
    "data/identifiers": _list,
    "data/period": _object_or_null,
    "limits/start": instant,
    "limits/expires_at": instant,
    "proof": check_proof,
}
"""What a verifier reads of a record, by its place, and the form that it has."""
