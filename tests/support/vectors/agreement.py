"""The consent record of the vectors: what the owner agreed to, and the passkey's signature under it."""

from collections.abc import Mapping
from typing import Any

from ledger import consent_record
from ledger.codec import b64u, sha256
from tests.support.vectors.keys import Passkey

GATEWAY, OWNER, BANK = "tidegate", "harbour-trading", "eastbank"
CARRIER, LINER = "oceanline", "farline"
CONSENT = b64u(sha256(b"consent"))
SALT = sha256(b"salt")
CHECKER = {"id": "second", "authority": "Finance manager", "method": "passkey, user verified"}
TERMS: dict[str, Any] = {
    "products": ["bill_of_lading"],
    "fields": {"bill_of_lading": ["/cargo", "/document"]},
    "personal": {},
    "identifiers": [],
    "period": None,
    "retention": "view",
    "on_title_change": "ask",
}


def signed_members(
    data: Mapping[str, Any], *, owner: str, consent: str, version: int, people: int = 1
) -> dict[str, Any]:
    """Return what the passkey signs, or each of the passkeys of two people."""
    return {
        "schema_version": consent_record.SCHEMA_VERSION,
        "consent": consent,
        "version": version,
        "previous": b64u(sha256(b"the version before")) if version > 1 else None,
        "nonce": b64u(sha256(b"nonce")),
        "parties": {
            "owner": {"id": owner, "name": "Harbour Trading", "identifiers": []},
            "people": [{"id": "person", "authority": "Director", "method": "passkey, user verified"}],
            **({"people_required": people} if people > 1 else {}),
            "bank": {"id": BANK, "name": "East Bank", "identifiers": []},
            "providers": [{"id": CARRIER, "name": "Oceanline"}, {"id": LINER, "name": "Farline"}],
            "gateway": {"id": GATEWAY, "name": "Tidegate", "rp_id": "gateway.example"},
        },
        "notice": {"uri": "https://gateway.example/notice", "version": "1", "language": "en", "sha256": b64u(SALT)},
        "purpose": {
            "code": "trade_finance_underwriting",
            "text": "Pre-shipment loan",
            "lawful_basis": "consent",
            "jurisdiction": "HK",
        },
        "data": dict(data),
        "limits": {
            "start": "2026-11-24T09:00:00Z",
            "expires_at": "2027-01-31T00:00:00Z",
            "frequency": None,
            "maximum_pulls": None,
            "data_life": "P90D",
            "onward_sharing": False,
            "jurisdictions": ["HK"],
            "transfer_mechanism": None,
        },
    }


def whole(signed: Mapping[str, Any], passkey: Passkey, checker: Passkey | None = None) -> dict[str, Any]:
    """Return the whole record: what is signed, perhaps by a second person too, and what stands outside."""
    digest = consent_record.signed_digest(signed)
    given = {"event": "given", "at": "2026-11-24T09:00:00Z", "actor": "person", "channel": "portal"}
    owner = signed["parties"]["owner"]["id"]
    return {
        **signed,
        "status": {"state": "active", "reason": None, "initiator": owner, "grant": signed["consent"]},
        "events": [given],
        "proof": {
            "digest": b64u(digest),
            **_signature(passkey, digest),
            **({"checker": {"person": dict(CHECKER), **_signature(checker, digest)}} if checker else {}),
        },
    }


def _signature(passkey: Passkey, digest: bytes) -> dict[str, Any]:
    credential = {"public_key": b64u(passkey.public_key), "salt": b64u(SALT)}
    return {"credential": credential, "assertion": passkey.answer(digest)}
