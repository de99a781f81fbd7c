"""A deletion attestation, signed by a bank, and the gateway's acknowledgement of it; the file with all of a consent.

The file is one canonical JSON document: `anchors`, `attestations`, `blocks`, `consent`, `format`, `handovers`, `keys`,
`validators` (docs/evidence.md, section 14). `ledger.verify.attestations` checks one offline.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

import schemas
from ledger import evidence, jws
from ledger.access_log import Place
from ledger.blocks.forms import whole
from ledger.bodies import check_members, digest, instant, name
from ledger.codec import b64u, canonical, parse, sha256, unb64u
from ledger.errors import CodecError
from ledger.evidence import Anchor, BlockPart

FORMAT = "tidegate-attestations/1"
TYP = "tidegate-deletion+jwt"
ACKNOWLEDGED = "tidegate-deletion-receipt+jwt"
MOST_BYTES = 8_192
MOST_OF_CONSENT = 2_000
"""Attestations of one consent, and so in one file."""
MOST_MEMBER = 1_366
"""Letters of an RSA key of 8,192 bits."""
KEYS = {"EC": ("crv", "kty", "x", "y"), "OKP": ("crv", "kty", "x"), "RSA": ("e", "kty", "n")}
"""The members of a public key, by its kind."""
MEMBERS = ("iss", "sub", "aud", "iat", "received_at", "consent", "attestation", "key")


class SchemaError(CodecError):
    """The claims are not what the schema says; `faults` are all that is wrong."""

    def __init__(self, faults: Sequence[schemas.Fault]) -> None:
        super().__init__("; ".join(f"{each.pointer or '/'} {each.message}" for each in faults))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Attestation:
    """What a bank says; instants as they stand there. Either `deleted_at`, or `law` and `retained_until`."""

    iss: str
    aud: str
    iat: int
    jti: str
    consent: str
    version: int
    pulled_until: str
    deleted_at: str | None
    law: str | None
    retained_until: str | None

    def claims(self) -> dict[str, Any]:
        """Return what is signed (`schemas/deletion_attestation`)."""
        common = ("iss", "aud", "iat", "jti", "consent", "version", "pulled_until")
        if self.deleted_at is not None:
            became: dict[str, Any] = {"deleted_at": self.deleted_at}
        else:
            became = {"retained_under": {"law": self.law, "until": self.retained_until}}
        return {**{member: getattr(self, member) for member in common}, **became}


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """What the gateway says of an attestation: it came from that bank then, whose registered key this was."""

    iss: str
    sub: str
    """The owner."""
    aud: str
    """The bank."""
    iat: int
    """When this was signed."""
    received_at: str
    consent: str
    attestation: str
    """`hash_of` it."""
    key: Mapping[str, str]
    """The public JWK that the attestation verifies by."""


def hash_of(compact: str) -> str:
    """Return by what an attestation is known: SHA-256 of its text, base64url."""
    return b64u(sha256(compact.encode("ascii")))


def read(compact: str) -> tuple[jws.Jws, Attestation]:
    """Read an attestation without verifying its signature. Raises `CodecError`; `SchemaError` with all faults."""
    signed = jws.read(compact, typ=TYP, max_bytes=MOST_BYTES, algorithms=jws.OF_CLIENTS)
    claims = parse(signed.payload, max_bytes=MOST_BYTES)
    if faults := schemas.attestation_faults(claims):
        raise SchemaError(faults)
    assert isinstance(claims, dict)  # noqa: S101 - the schema says so
    kept = claims.pop("retained_under", {"law": None, "until": None})
    found = Attestation(**{"deleted_at": None, **claims}, law=kept["law"], retained_until=kept["until"])
    for each in (found.pulled_until, found.deleted_at, found.retained_until):
        if each is not None:
            instant(each)
    for text, size in ((found.jti, 16), (found.consent, 32)):
        unb64u(text, size=size)
    return signed, found


def public_members(jwk: Mapping[str, Any]) -> dict[str, str]:
    """Return what makes a JWK a public key, and nothing else of it. Raises `CodecError`."""
    return _key({member: jwk[member] for member in KEYS.get(str(jwk.get("kty")), ()) if member in jwk})


def acknowledge(said: Acknowledgement, *, key: Ed25519PrivateKey, kid: str) -> str:
    """Return the acknowledgement as a compact JWS."""
    return jws.sign(
        canonical({member: getattr(said, member) for member in MEMBERS}), typ=ACKNOWLEDGED, kid=kid, key=key
    )


def read_acknowledgement(compact: str) -> tuple[jws.Jws, Acknowledgement]:
    """Read an acknowledgement without verifying its signature. Raises `CodecError`."""
    signed = jws.read(compact, typ=ACKNOWLEDGED, max_bytes=MOST_BYTES)
    form = {
        **dict.fromkeys(("iss", "sub", "aud"), name),
        "iat": lambda value: whole(value, "iat"),
        "received_at": instant,
        "consent": digest,
        "attestation": digest,
        "key": _key,
    }
    return signed, Acknowledgement(**check_members(jws.payload(signed, max_bytes=MOST_BYTES), form, "acknowledgement"))


def assemble(
    consent: str,
    attestations: Sequence[tuple[str, str, Place | None]],
    *,
    anchors: Mapping[str, Anchor],
    blocks: Mapping[int, BlockPart],
    keys: tuple[int, bytes],
    handovers: bytes,
) -> bytes:
    """Return the file: attestation, acknowledgement and place (None: not final) of each; all else as `evidence`."""
    used = list(dict.fromkeys(place.entry_id for _, _, place in attestations if place is not None))
    parts, number = evidence.on_ledger(used, anchors=anchors, blocks=blocks, keys=keys, handovers=handovers)
    parts |= {
        "attestations": evidence.listed(
            b'{"acknowledgement":"'
            + acknowledgement.encode("ascii")
            + b'","anchor":'
            + (b'null,"attestation":"' if place is None else number[place.entry_id] + b',"attestation":"')
            + each.encode("ascii")
            + b'",'
            + (b'"index":0,"path":[]' if place is None else place.leaf)
            + b"}"
            for each, acknowledgement, place in attestations
        ),
        "consent": canonical(consent),
        "format": canonical(FORMAT),
    }
    return evidence.document(parts)


def _key(value: object) -> dict[str, str]:
    if not isinstance(value, dict) or KEYS.get(str(value.get("kty"))) != tuple(sorted(value)):
        raise CodecError("expected a public key of kind EC, OKP or RSA")
    for member in value.values():
        if not isinstance(member, str) or not 0 < len(member) <= MOST_MEMBER or not member.isascii():
            raise CodecError("expected the members of a public key")
    return value
