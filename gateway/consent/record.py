"""The consent record: what the owner's passkey signs, and what is kept around it (`schemas/consent_record`).

Content after ISO/IEC TS 27560 and ReBIT's consent artefact; form and signature by `ledger.consent_record`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.clock import rfc3339
from gateway.consent.details import TradeData
from gateway.consent.purposes import PURPOSES
from gateway.consent.rules import Event, Standing
from gateway.directory.passkeys import Assertion
from gateway.directory.tables import Participant, Passkey, Person
from gateway.settings import Settings
from ledger.codec import b64u, sha256
from ledger.consent_record import SCHEMA_VERSION
from ledger.signatories import CHECKER, REQUIRED

METHOD = "passkey, user verified"
JURISDICTION = {"br_number": "HK", "uscc": "CN"}
"""Whose law an owner registered so is under; another owner's is that of the first place where the data may be."""

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Notice:
    """The page that a person was shown: where it stands, which version and language, and its very text."""

    uri: str
    version: str
    language: str
    text: str

    def as_json(self) -> Json:
        """Return the notice as it stands in the record: by the SHA-256 of its text (UTF-8)."""
        digest = b64u(sha256(self.text.encode()))
        return {"uri": self.uri, "version": self.version, "language": self.language, "sha256": digest}


@dataclass(frozen=True, slots=True)
class Parties:
    """Who takes part in a consent; `providers` are those whose data it may cover when it is given."""

    owner: Participant
    person: Person
    """Who signs, or signs first where two people must."""
    bank: Participant
    providers: Sequence[Participant]


@dataclass(frozen=True, slots=True)
class Version:
    """Which version of which consent. `previous`: hash of the record before it; `nonce`: 32 random bytes; base64url."""

    consent_id: str
    number: int
    previous: str | None
    nonce: str


def signed_members(
    version: Version, terms: TradeData, parties: Parties, notice: Notice, settings: Settings, *, now: datetime
) -> Json:
    """Return what the person signs: every member of `ledger.consent_record.SIGNED`."""
    return {
        "schema_version": SCHEMA_VERSION,
        "consent": version.consent_id,
        "version": version.number,
        "previous": version.previous,
        "nonce": version.nonce,
        "parties": _parties(parties, settings),
        "notice": notice.as_json(),
        **agreed(terms, start=rfc3339(now)),
    }


def agreed(terms: TradeData, *, start: str) -> Json:
    """Return the members of a record that say what was agreed: purpose, data and limits, from `start` on (RFC 3339)."""
    return {"purpose": _purpose(terms), "data": _data(terms), "limits": _limits(terms, start=start)}


def status(standing: Standing, *, consent_id: str, initiator: str, reason: str | None) -> Json:
    """Return the record's status: state, why, which participant brought it about, and the id of the grant."""
    return {"state": str(standing.state), "reason": reason, "initiator": initiator, "grant": consent_id}


def event(name: Event | str, *, at: datetime, actor: str, channel: str) -> Json:
    """Return an event of the record: what, when, by whom (a participant's or person's id), by what way."""
    return {"event": str(name), "at": rfc3339(at), "actor": actor, "channel": channel}


def signature(passkey: Passkey, assertion: Assertion) -> Json:
    """Return what one person signed with: the opening of the passkey's commitment, and the assertion."""
    credential = {"public_key": b64u(passkey.public_key), "salt": b64u(passkey.salt)}
    return {"credential": credential, "assertion": assertion.as_json()}


def proof(digest: bytes, first: Json, second: tuple[Person, Json] | None = None) -> Json:
    """Return the record's proof: the digest, the `signature` over it, and that of a second person who must sign."""
    told = {"digest": b64u(digest), **first}
    return {**told, CHECKER: {"person": _person(second[0]), **second[1]}} if second else told


def changed(record: Mapping[str, Any], new_status: Json, happened: Json) -> Json:
    """Return the record with another status and one more event; what was signed stays."""
    return {**record, "status": new_status, "events": [*record["events"], happened]}


def _parties(parties: Parties, settings: Settings) -> Json:
    required = parties.owner.people_required
    return {
        "owner": _organisation(parties.owner),
        "people": [_person(parties.person)],
        **({REQUIRED: required} if required > 1 else {}),
        "bank": _organisation(parties.bank),
        "providers": [{"id": provider.id, "name": provider.name} for provider in parties.providers],
        "gateway": {"id": settings.gateway_id, "name": settings.gateway_name, "rp_id": settings.rp_id},
    }


def _person(person: Person) -> Json:
    return {"id": person.id, "authority": person.authority, "method": METHOD}


def _organisation(participant: Participant) -> Json:
    return {"id": participant.id, "name": participant.name, "identifiers": participant.identifiers}


def _purpose(terms: TradeData) -> Json:
    return {
        "code": terms.purpose.code,
        "text": terms.purpose.text,
        "lawful_basis": PURPOSES[terms.purpose.code].lawful_basis,
        "jurisdiction": JURISDICTION.get(terms.owner.scheme, terms.jurisdictions[0]),
    }


def _data(terms: TradeData) -> Json:
    asked = terms.as_json()
    return {
        "products": asked["products"],
        "fields": asked["fields"],
        "personal": asked["personal"],
        "identifiers": asked.get("identifiers", []),
        "period": asked["period"],
        "retention": asked["retention"],
        "on_title_change": asked["on_title_change"],
    }


def _limits(terms: TradeData, *, start: str) -> Json:
    asked = terms.as_json()
    return {
        "start": start,
        "expires_at": asked["expires_at"],
        "frequency": asked["frequency"],
        "maximum_pulls": asked["maximum_pulls"],
        "data_life": asked["data_life"],
        "onward_sharing": asked["onward_sharing"],
        "jurisdictions": asked["jurisdictions"],
        "transfer_mechanism": asked["transfer_mechanism"],
    }
