"""A small whole evidence, made with a real embedded ledger, each part of which may be changed."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from webauthn.helpers import parse_attestation_object

from gateway.client.passkey import Passkey
from ledger import consent_record as records_of_consent
from ledger import evidence, merkle, receipt, record, sdjwt, trust
from ledger.backends.base import Backend
from ledger.backends.embedded import Embedded
from ledger.codec import b64u, canonical, sha256, unb64u
from ledger.entries import decode
from tests.support.ledger import START, Key, Operator

ORIGIN = "http://localhost:8440"
NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
SALT = bytes(range(32))
DOCUMENT: dict[str, Any] = {
    "identifiers": [{"scheme": "transport_document", "issuer": {"list": "SCAC", "code": "OCLN"}, "value": "OCLN118"}],
    "document": {"number": "OCLN118", "type": "BOL", "status": "ISSUED"},
    "parties": [{"role": "shipper", "name": "Harbour Trading", "contacts": [{"name": "Export desk"}]}],
    "cargo": {"consignment_items": [{"hs_codes": ["660110"]}, {"hs_codes": ["420211"]}]},
}
Change = Callable[[dict[str, Any]], None]


@dataclass
class Maker:
    """Makes an evidence step by step; each part may be replaced before `make`."""

    folder: Path
    operator: Operator = field(default_factory=Operator)
    passkey: Passkey = field(default_factory=Passkey)
    owner: str = "harbour-trading"
    bank: str = "eastbank"
    consent: str = field(default_factory=lambda: b64u(sha256(b"consent")))
    data: dict[str, Any] = field(
        default_factory=lambda: {
            "products": ["bill_of_lading"],
            "fields": {"bill_of_lading": ["/cargo", "/document"]},
            "personal": {},
            "identifiers": [],
            "period": None,
            "retention": "view",
            "on_title_change": "ask",
        }
    )
    shown: tuple[str, ...] | None = ("/cargo", "/document")
    sealer: Key | None = None
    documents: int = 3
    expires_at: str = "2027-01-31T00:00:00Z"
    handed_out: tuple[int, ...] = (0, 2)
    ledger: Embedded = field(init=False)

    def __post_init__(self) -> None:
        self.ledger = self.operator.ledger(self.folder / "ledger.sqlite", lambda: START)
        self.public_key, self.handle = self._enrolled()
        self.sealed = [self._sealed(number) for number in range(self.documents)]

    def make(self, *, changed: Change | None = None, receipt_changes: Mapping[str, Any] | None = None) -> bytes:
        """Return the evidence. `changed` may alter the consent record before it is committed to."""
        committed = records_of_consent.credential_commitment(owner=self.owner, public_key=self.public_key, salt=SALT)
        self._submit("owner.credential_added", {"commitment": b64u(committed)})
        consent = self.consent_record()
        if changed:
            changed(consent)
        commitment = b64u(records_of_consent.record_commitment(consent, SALT))
        granted = self._submit(
            "consent.granted",
            {
                "consent": consent["consent"],
                "version": 1,
                "commitment": commitment,
                "expires_at": consent["limits"]["expires_at"],
            },
        )
        leaves = self.leaves()
        batch = self._submit(
            "batch.anchor",
            {
                "stream": "records",
                "root": b64u(merkle.root(leaves)),
                "size": len(leaves),
                "sequence": 1,
                "previous": b64u(bytes(32)),
            },
        )
        return self.assemble(consent, commitment, granted, batch, leaves, receipt_changes or {})

    def assemble(
        self,
        consent: dict[str, Any],
        commitment: str,
        granted: str,
        batch: str,
        leaves: list[bytes],
        receipt_changes: Mapping[str, Any],
    ) -> bytes:
        shown = [self.presentation(number) for number in self.handed_out]
        height = self.ledger.height()
        said: dict[str, Any] = {
            "iss": self.operator.org,
            "aud": self.bank,
            "cnf": {"jkt": b64u(sha256(b"key"))},
            "iat": int(NOW.timestamp()) - 60,
            "jti": b64u(bytes(16)),
            "request": b64u(sha256(b"{}")),
            "keys_at": height,
            "consent": {"id": consent["consent"], "version": 1, "commitment": commitment},
            "records": [sdjwt.sd_hash(each) for each in shown],
            "omitted": [],
        }
        signed = receipt.sign(
            receipt.Receipt(**{**said, **receipt_changes}),
            key=self.operator.receipts.private,
            kid=self.operator.receipts.kid,
        )
        anchors = {entry: self._anchor(entry) for entry in (granted, batch)}
        heights = {height - 1, *(anchor.height for anchor in anchors.values())}
        return evidence.assemble(
            receipt=signed,
            consent=(granted, evidence.consent_part(record=consent, salt=SALT)),
            records=[
                evidence.record_part(
                    entry_id=batch,
                    leaf=evidence.leaf_part(index=number, path=merkle.inclusion_path(leaves, number)),
                    presentation=presentation,
                )
                for number, presentation in zip(self.handed_out, shown, strict=True)
            ],
            anchors=anchors,
            blocks={each: evidence.block_part(self.ledger.block(each)) for each in heights},
            keys=(height - 1, evidence.keys_part(self.ledger.prove(self.keys(), height))),
        )

    def leaves(self) -> list[bytes]:
        """Return the leaves of the batch."""
        return [record.leaf(each.jwt) for each in self.sealed]

    def keys(self) -> list[str]:
        """Return the state's keys of all that signed something."""
        org = self.operator.org
        committed = records_of_consent.credential_commitment(owner=self.owner, public_key=self.public_key, salt=SALT)
        own = [f"key/{org}/{key.kid}" for key in (self.operator.entries, self.operator.receipts, self._sealing())]
        return [*own, f"credential/{b64u(committed)}"]

    def presentation(self, number: int) -> str:
        """Return a record as handed out."""
        sealed = self.sealed[number]
        chosen = record.cut(sealed.disclosures, fields=self.shown, personal=(), personal_fields=("/parties/contacts",))
        return sdjwt.combine(sealed.jwt, [sealed.disclosures[each].encoded for each in chosen])

    def consent_record(self) -> dict[str, Any]:
        """Return the consent record, signed by the passkey."""
        signed: dict[str, Any] = {
            "schema_version": records_of_consent.SCHEMA_VERSION,
            "consent": self.consent,
            "version": 1,
            "previous": None,
            "nonce": b64u(bytes(32)),
            "parties": {
                "owner": {"id": self.owner, "name": "Harbour Trading", "identifiers": []},
                "people": [{"id": b64u(bytes(16)), "authority": "Director", "method": "passkey"}],
                "bank": {"id": self.bank, "name": "East Bank", "identifiers": []},
                "providers": [],
                "gateway": {"id": self.operator.org, "name": "Tidegate", "rp_id": "localhost"},
            },
            "notice": {"uri": ORIGIN, "version": "1", "language": "en", "sha256": b64u(bytes(32))},
            "purpose": {
                "code": "trade_finance_underwriting",
                "text": "Loan",
                "lawful_basis": "consent",
                "jurisdiction": "HK",
            },
            "data": self.data,
            "limits": {"start": "2026-11-24T09:00:00Z", "expires_at": self.expires_at},
        }
        return self.sign(signed)

    def sign(self, signed: dict[str, Any]) -> dict[str, Any]:
        """Return the whole record: what the passkey signs, and what stands outside."""
        digest = records_of_consent.signed_digest(signed)
        options = {"challenge": b64u(digest), "rpId": "localhost", "userVerification": "required"}
        answer = self.passkey.get(options, ORIGIN)["response"]
        return {
            **signed,
            "status": {"state": "active", "reason": None, "initiator": self.owner, "grant": self.consent},
            "events": [],
            "proof": {
                "digest": b64u(digest),
                "credential": {"public_key": b64u(self.public_key), "salt": b64u(SALT)},
                "assertion": {
                    "credential_id": self.handle,
                    "authenticator_data": answer["authenticatorData"],
                    "client_data_json": answer["clientDataJSON"],
                    "signature": answer["signature"],
                },
            },
        }

    def trust(self) -> bytes:
        """Return the trust file."""
        return trust_file(self.ledger, self.operator)

    def _enrolled(self) -> tuple[bytes, str]:
        options = {
            "challenge": b64u(bytes(32)),
            "rp": {"id": "localhost", "name": "Tidegate"},
            "user": {"id": b64u(bytes(16)), "name": "Export desk", "displayName": "Export desk"},
            "pubKeyCredParams": [{"type": "public-key", "alg": -7}],
            "authenticatorSelection": {"userVerification": "required", "residentKey": "required"},
        }
        made = self.passkey.create(options, ORIGIN)
        found = parse_attestation_object(unb64u(made["response"]["attestationObject"])).auth_data
        assert found.attested_credential_data
        return found.attested_credential_data.credential_public_key, made["id"]

    def _sealing(self) -> Key:
        return self.sealer or self.operator.sealing

    def _sealed(self, number: int) -> record.SealedRecord:
        key = self._sealing()
        return record.seal(
            {**DOCUMENT, "document": {**DOCUMENT["document"], "number": f"OCLN{number}"}},
            product="bill_of_lading",
            version=1,
            sealer=record.Sealer(self.operator.org, key.kid, key.private),
            provider="oceanline",
            issued_at=START,
            original={"digest": b64u(sha256(b"original"))},
        )

    def _submit(self, type: str, body: Mapping[str, Any]) -> str:  # noqa: A002 - the entry's own member
        entry = self.operator.entry(type, body)
        self.ledger.submit(entry)
        return decode(entry).id

    def _anchor(self, entry_id: str) -> evidence.Anchor:
        outcome = self.ledger.outcome(entry_id)
        assert outcome is not None
        return evidence.anchor_part(self.ledger.block(outcome.height), outcome.index)


def trust_file(ledger: Backend, operator: Operator) -> bytes:
    """Return the trust file of an operator's chain."""
    founders = [{"org": operator.org, "keys": [operator.entries.registered("entries")]}]
    return trust.sign(ledger.trust(), founders, (operator.org, operator.entries.kid, operator.entries.private))


def edited(data: bytes, change: Callable[[dict[str, Any]], Any]) -> bytes:
    """Return an evidence with a change made to it, in canonical form again."""
    value = json.loads(data)
    change(value)
    return canonical(value)
