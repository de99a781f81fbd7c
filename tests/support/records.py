"""Sealed records for tests, and the participants they are about."""

from datetime import UTC, date, datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlmodel import Session

from gateway.directory.tables import Link, Participant
from gateway.ingest import rules
from gateway.records import crypto, originals, store
from gateway.records.references import reference
from gateway.records.rules import State
from ledger import record
from ledger.codec import b64u, canonical, sha256

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
MASTER = bytes(range(32))
CARRIER, TRADER, RIVAL = "oceanline", "harbour-trading", "rival-trading"
_SEALER = record.Sealer("tidegate", b64u(bytes(32)), Ed25519PrivateKey.from_private_bytes(bytes(32)))


def participants(session: Session, *, linked: tuple[str, ...] = (TRADER, RIVAL)) -> None:
    """Store a carrier, two owners, and confirmed links between them."""
    for name, role in ((CARRIER, "provider"), (TRADER, "owner"), (RIVAL, "owner")):
        session.add(participant(name, role))
    session.flush()
    for owner in linked:
        session.add(Link(provider_id=CARRIER, owner_id=owner, requested_at=NOW, confirmed_at=NOW))
    session.flush()


def participant(name: str, role: str, **changes: Any) -> Participant:
    """Return a participant with one role."""
    values: dict[str, Any] = {
        "name": name.title(),
        "identifiers": [],
        "carrier_code": None,
        "redirect_uris": [],
        "initiate_uri": None,
        "client_jwks": {"keys": []},
        "sealing_jwks": {"keys": []},
        "created_at": NOW,
    }
    return Participant(id=name, roles=[role], **{**values, **changes})


def identifier(scheme: str, value: str, issuer: str | None = "OCLN") -> dict[str, Any]:
    """Return a typed identifier, issued under a SCAC unless `issuer` is None."""
    issued = {"issuer": {"list": "SCAC", "code": issuer}} if issuer else {}
    return {"scheme": scheme, **issued, "value": value}


def sealed(key: str, *identifiers: dict[str, Any], product: str = "transport_event", **changes: Any) -> store.Sealed:
    """Return a sealed record with this natural key and these identifiers."""
    document = {"key": key, "identifiers": list(identifiers), **changes.pop("document", {})}
    made = record.seal(
        document,
        product=product,
        version=1,
        sealer=_SEALER,
        provider=CARRIER,
        issued_at=NOW,
        original={"digest": b64u(sha256(b""))},
    )
    values: dict[str, Any] = {
        "id": originals.new_id(),
        "provider_id": CARRIER,
        "owner_id": None,
        "owner_basis": None,
        "product": product,
        "version": 1,
        "key": key,
        "revision": None,
        "identifiers": list(identifiers),
        "reference_keys": [reference(each).key for each in identifiers],
        "owner_keys": [reference(each).key for each in identifiers if each["scheme"] in rules.ASSIGNABLE],
        "day": date(2026, 11, 24),
        "level": "gateway_attested",
        "jwt": made.jwt,
        "disclosures": made.disclosures,
        "content": crypto.keyed_digest(MASTER, canonical(document)),
        "leaf": record.leaf(made.jwt),
        "state": State.CURRENT,
        "retracts": False,
        "superseded_by": None,
    }
    return store.Sealed(**{**values, **changes})


def stored(session: Session, *records: store.Sealed, now: datetime = NOW) -> None:
    """Store records, as made from one original."""
    sent = originals.Sent(CARRIER, "dcsa_track_trace", b"".join(each.id.encode() for each in records), now)
    original_id = originals.keep(session, MASTER, sent, [each.id for each in records])
    store.store(session, MASTER, records, original_id=original_id, now=now)
