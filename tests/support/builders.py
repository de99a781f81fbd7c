"""Builders with defaults: participants with their keys, an enrolled person of an owner, an approved consent.

All write to the session given and leave the commit to the caller.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc.jwk import ECKey
from sqlmodel import Session

from gateway.client.passkey import Passkey
from gateway.consent import lifecycle, signing
from gateway.consent.details import TradeData, parse_details
from gateway.consent.record import Notice
from gateway.consent.tables import Consent, Draft
from gateway.directory import links, people
from gateway.directory.participants import Registration, register
from gateway.directory.tables import Participant, Person
from gateway.keys import SigningKey, signing_key
from gateway.settings import Settings
from tests.support.app import ISSUER

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
SETTINGS = Settings(issuer=ISSUER)
CARRIER, OWNER, BANK = "oceanline", "harbour-trading", "eastbank"
BR_NUMBER = "12345678"


@dataclass(frozen=True, slots=True)
class Party:
    """A registered participant with the private keys of which it registered the public ones."""

    participant: Participant
    client: ECKey
    """ES256, for `private_key_jwt`."""
    sealing: SigningKey
    """Ed25519, for records that the provider seals itself."""

    @property
    def id(self) -> str:
        """The participant's id."""
        return self.participant.id

    @property
    def key(self) -> EllipticCurvePrivateKey:
        """The private key by which it authenticates."""
        private = self.client.private_key
        assert private is not None
        return private


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A person of an owner, and the passkey that the person holds."""

    person: Person
    passkey: Passkey

    def signs(self, options: dict[str, Any]) -> str:
        """Return what the browser answers to `PublicKeyCredentialRequestOptions`, as JSON text."""
        return json.dumps(self.passkey.get(options, ISSUER))


def client_key() -> ECKey:
    """Return a new P-256 key with its thumbprint as kid."""
    return ECKey.generate_key("P-256", auto_kid=True)


def registration(
    participant_id: str, *roles: str, client_key: ECKey, sealing: SigningKey, **members: Any
) -> Registration:
    """Return the registration of a participant as its file would say it."""
    keys = {
        "client": {"keys": [client_key.as_dict(private=False)]},
        "sealing": {"keys": [{**sealing.public, "kid": sealing.kid}] if "provider" in roles else []},
    }
    return Registration.model_validate({"id": participant_id, "roles": list(roles), "keys": keys, **members})


def party(session: Session, participant_id: str, *roles: str, now: datetime = NOW, **members: Any) -> Party:
    """Register a participant with new keys."""
    client, sealing = client_key(), signing_key(Ed25519PrivateKey.generate())
    given = registration(participant_id, *roles, client_key=client, sealing=sealing, **members)
    return Party(register(session, given, now=now), client, sealing)


def carrier(session: Session, participant_id: str = CARRIER, **members: Any) -> Party:
    """Register a provider: a carrier that issues its references under a SCAC."""
    defaults = {"name": "Oceanline", "carrier_code": {"list": "SCAC", "code": "OCLN"}}
    return party(session, participant_id, "provider", **{**defaults, **members})


def owner(session: Session, participant_id: str = OWNER, **members: Any) -> Party:
    """Register an owner of data: a trader known by its business registration number."""
    return party(session, participant_id, "owner", **{"name": "Harbour Trading", "br_number": BR_NUMBER, **members})


def bank(session: Session, participant_id: str = BANK, **members: Any) -> Party:
    """Register a bank."""
    defaults = {
        "name": "East Bank",
        "redirect_uris": ["https://bank.example/callback"],
        "initiate_uri": "https://bank.example/start",
    }
    return party(session, participant_id, "bank", **{**defaults, **members})


def link(session: Session, *, provider_id: str = CARRIER, owner_id: str = OWNER, now: datetime = NOW) -> None:
    """Let the provider ask for, and the owner confirm, that they are provider and customer."""
    links.request_link(session, provider_id=provider_id, owner_id=owner_id, now=now)
    links.confirm_link(session, provider_id=provider_id, owner_id=owner_id, now=now)


def enrolled(
    session: Session,
    owner_id: str = OWNER,
    *,
    settings: Settings = SETTINGS,
    name: str = "Export desk",
    now: datetime = NOW,
) -> Enrolled:
    """Invite a person of an owner and enrol a software passkey."""
    invitation = people.invite(session, owner_id, name=name, authority="Director", now=now)
    ceremony = people.begin_enrolment(session, settings, invitation, now=now)
    passkey = Passkey()
    answer = json.dumps(passkey.create(ceremony.options, settings.issuer))
    person = people.enrol(session, settings, invitation, token=ceremony.token, answer=answer, now=now)
    return Enrolled(person, passkey)


def details(**members: Any) -> dict[str, Any]:
    """Return a `trade_data` object (RFC 9396) as a bank would ask it, with `members` in place of the usual ones."""
    usual = {
        "type": "trade_data",
        "owner": {"scheme": "br_number", "value": BR_NUMBER},
        "products": ["bill_of_lading", "transport_event"],
        "identifiers": [
            {"scheme": "transport_document", "issuer": {"list": "SCAC", "code": "OCLN"}, "value": "OCL71800000"}
        ],
        "fields": {"bill_of_lading": ["/cargo", "/routing"]},
        "personal": {},
        "period": {"from": "2026-01-01", "to": "2026-12-31"},
        "expires_at": "2027-01-31T00:00:00Z",
        "purpose": {"code": "trade_finance_underwriting", "text": "Pre-shipment loan 2026-118"},
        "frequency": {"max": 24, "per": "P1D"},
        "maximum_pulls": 500,
        "data_life": "P90D",
        "retention": "view",
        "on_title_change": "ask",
        "jurisdictions": ["HK"],
        "transfer_mechanism": None,
        "onward_sharing": False,
    }
    return {name: value for name, value in {**usual, **members}.items() if value is not ...}


def terms(**members: Any) -> TradeData:
    """Return `details(**members)` as parsed. `...` leaves a member out."""
    return parse_details([details(**members)])


def notice(text: str = "East Bank asks for your data.") -> Notice:
    """Return the notice that a page shows."""
    return Notice(uri=f"{ISSUER}/notices/1", version="1", language="en", text=text)


def requested(session: Session, *, bank_id: str = BANK, now: datetime = NOW, **members: Any) -> Consent:
    """Let a bank ask for data on `terms(**members)`."""
    return lifecycle.request(session, terms(**members), bank_id=bank_id, now=now)


def drafted(
    session: Session,
    consent: Consent,
    by: Enrolled,
    *,
    agreed: TradeData | None = None,
    settings: Settings = SETTINGS,
    now: datetime = NOW,
) -> Draft:
    """Let a person open what is to be signed: what was asked, or `agreed`."""
    chosen = agreed or TradeData.model_validate(consent.asked)
    return signing.draft(session, settings, consent.id, terms=chosen, person=by.person, notice=notice(), now=now)


def approved(
    session: Session,
    consent: Consent,
    by: Enrolled,
    *,
    agreed: TradeData | None = None,
    settings: Settings = SETTINGS,
    now: datetime = NOW,
) -> Consent:
    """Let a person sign a consent with the passkey."""
    kept = drafted(session, consent, by, agreed=agreed, settings=settings, now=now)
    answer = by.signs(signing.signing_options(session, settings, kept))
    return signing.grant(session, settings, kept.id, person=by.person, answer=answer, now=now)
