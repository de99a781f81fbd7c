"""A software passkey: what a browser and its authenticator do, for demonstrations and for tests without a browser.

It answers the options that a relying party gives a page (Web Authentication Level 3, sections 5.4, 5.5 and 6): ES256,
discoverable, user presence and verification set, attestation `none`. Keys live in memory and are gone with it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from secrets import token_bytes
from typing import Any
from urllib.parse import urlsplit

import cbor2
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ledger.codec import b64u, unb64u

ES256 = -7
USER_PRESENT, USER_VERIFIED, ATTESTED = 0x01, 0x04, 0x40
NO_MODEL = bytes(16)
"""The AAGUID of an authenticator that does not tell its model."""
CREDENTIAL_ID_BYTES = 32
COORDINATE_BYTES = 32

Options = Mapping[str, Any]


class PasskeyError(Exception):
    """The options ask for what this passkey, or a browser on that origin, would refuse."""


@dataclass(slots=True)
class _Credential:
    rp_id: str
    user_handle: str
    credential_id: bytes
    key: EllipticCurvePrivateKey
    uses: int = 0


@dataclass(slots=True)
class Passkey:
    """An authenticator that says yes to everything it may: one person's finger, always on the sensor."""

    _credentials: list[_Credential] = field(default_factory=list)

    def create(self, options: Options, origin: str) -> dict[str, Any]:
        """Make a credential; return the `RegistrationResponseJSON`.

        `options` is `PublicKeyCredentialCreationOptionsJSON`, `origin` the page's, such as `http://localhost:8440`.
        Raises `PasskeyError` for a foreign relying party, without ES256, or if it holds an excluded credential.
        """
        rp_id = _rp_id(options["rp"].get("id"), origin)
        if ES256 not in [each["alg"] for each in options["pubKeyCredParams"]]:
            raise PasskeyError("the relying party accepts no ES256 key")
        if self._known(rp_id, options.get("excludeCredentials", ())):
            raise PasskeyError("this passkey is already registered here")
        made = _Credential(
            rp_id, options["user"]["id"], token_bytes(CREDENTIAL_ID_BYTES), generate_private_key(SECP256R1())
        )
        self._credentials.append(made)
        client_data = _client_data("webauthn.create", options["challenge"], origin)
        data = _authenticator_data(made, USER_PRESENT | USER_VERIFIED | ATTESTED) + _attested(made)
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data}, canonical=True)
        public = made.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return _answer(
            made,
            {
                "clientDataJSON": b64u(client_data),
                "attestationObject": b64u(attestation),
                "authenticatorData": b64u(data),
                "publicKey": b64u(public),
                "publicKeyAlgorithm": ES256,
                "transports": ["internal"],
            },
        )

    def get(self, options: Options, origin: str) -> dict[str, Any]:
        """Sign the challenge; return the `AuthenticationResponseJSON`.

        `options` is `PublicKeyCredentialRequestOptionsJSON`. With an empty `allowCredentials` the newest credential of
        the relying party signs. Raises `PasskeyError` for a foreign relying party or if it holds no such credential.
        """
        rp_id = _rp_id(options.get("rpId"), origin)
        used = self._chosen(rp_id, options.get("allowCredentials", ()))
        used.uses += 1
        client_data = _client_data("webauthn.get", options["challenge"], origin)
        data = _authenticator_data(used, USER_PRESENT | USER_VERIFIED)
        signature = used.key.sign(data + sha256(client_data).digest(), ECDSA(SHA256()))
        return _answer(
            used,
            {
                "clientDataJSON": b64u(client_data),
                "authenticatorData": b64u(data),
                "signature": b64u(signature),
                "userHandle": used.user_handle,
            },
        )

    def _chosen(self, rp_id: str, allowed: list[Options] | tuple[()]) -> _Credential:
        own = [each for each in self._credentials if each.rp_id == rp_id]
        found = self._known(rp_id, allowed) if allowed else own
        if not found:
            raise PasskeyError(f"no passkey of this authenticator is registered at {rp_id}")
        return found[-1]

    def _known(self, rp_id: str, listed: list[Options] | tuple[()]) -> list[_Credential]:
        ids = {unb64u(each["id"]) for each in listed}
        return [each for each in self._credentials if each.rp_id == rp_id and each.credential_id in ids]


def _rp_id(given: str | None, origin: str) -> str:
    """Return the relying party's id if a page of `origin` may use it: its host, or a domain above it."""
    host = urlsplit(origin).hostname or ""
    rp_id = given or host
    if host != rp_id and not host.endswith(f".{rp_id}"):
        raise PasskeyError(f"a page of {origin} may not use passkeys of {rp_id}")
    return rp_id


def _client_data(kind: str, challenge: str, origin: str) -> bytes:
    """Return the collected client data, members in the order of section 5.8.1.1."""
    members = {"type": kind, "challenge": challenge, "origin": origin, "crossOrigin": False}
    return json.dumps(members, separators=(",", ":")).encode()


def _authenticator_data(credential: _Credential, flags: int) -> bytes:
    """Return relying party's hash, flags and signature counter (section 6.1)."""
    return sha256(credential.rp_id.encode()).digest() + bytes([flags]) + credential.uses.to_bytes(4, "big")


def _attested(credential: _Credential) -> bytes:
    """Return the attested credential data (section 6.5.1): model, id and COSE key (RFC 9053 section 7.1)."""
    point = credential.key.public_key().public_numbers()
    cose = {
        1: 2,
        3: ES256,
        -1: 1,
        -2: point.x.to_bytes(COORDINATE_BYTES, "big"),
        -3: point.y.to_bytes(COORDINATE_BYTES, "big"),
    }
    identity = credential.credential_id
    return NO_MODEL + len(identity).to_bytes(2, "big") + identity + cbor2.dumps(cose, canonical=True)


def _answer(credential: _Credential, response: dict[str, Any]) -> dict[str, Any]:
    identity = b64u(credential.credential_id)
    return {
        "id": identity,
        "rawId": identity,
        "type": "public-key",
        "authenticatorAttachment": "platform",
        "clientExtensionResults": {},
        "response": response,
    }
