"""A consent: what the owner signed of each version, what became of it, and what the ledger knows."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.audit.kinds import CONSENT
from ledger.audit.findings import Finding
from ledger.codec import b64u, sha256
from ledger.consent_record import SIGNED, record_commitment, record_hash, signed_digest, verify_assertion
from ledger.errors import CodecError, LedgerError

Json = dict[str, Any]
AGREED = ("purpose", "data", "limits")
"""The members of a record that the terms make."""
ACTIVATING = ("consent.granted", "consent.amended")


@dataclass(frozen=True, slots=True)
class Told:
    """A consent's record at one moment: of a version as it was given, or after a change that needed no signature."""

    version: int
    type: str
    """The type of the ledger entry that is made of it; of a version, one of `ACTIVATING`."""
    record: Json
    salt: bytes
    commitment: bytes


@dataclass(frozen=True, slots=True)
class Given(Told):
    """A version, with what only its row has. `meant`: what its terms make of a record; None if they are not in form."""

    meant: Json | None
    notice: str
    digest: bytes


@dataclass(frozen=True, slots=True)
class Standing:
    """A consent's own row."""

    id: str
    owner_id: str
    bank_id: str
    state: str
    version: int
    expires_at: datetime
    maximum_pulls: int | None


@dataclass(frozen=True, slots=True)
class ConsentCase:
    """All that is known of one consent. `commitments` are (type, version, commitment) of the entries made of it.

    `settled`: nothing of it is on its way to the ledger. `on_ledger`: its value in the ledger's state.
    """

    standing: Standing
    versions: Sequence[Given]
    changes: Sequence[Told]
    commitments: frozenset[tuple[str, int, str]]
    settled: bool
    on_ledger: Mapping[str, Any] | None
    gateway_id: str

    @property
    def present(self) -> Told | None:
        """The newest record; None if the consent was never given."""
        return self.last_of(self.standing.version)

    def last_of(self, number: int) -> Told | None:
        """Return the last record of a version."""
        told = [each for each in (*self.versions, *self.changes) if each.version == number]
        return told[-1] if told else None


def check(case: ConsentCase) -> Iterator[Finding]:
    """Yield what is wrong with a consent."""
    where = f"consent {case.standing.id}"
    numbers = [each.version for each in case.versions]
    if numbers != list(range(1, case.standing.version + 1)):
        got = ", ".join(str(each) for each in numbers) or "none"
        yield Finding(CONSENT, where, f"it stands at version {case.standing.version}, kept are the versions {got}")
    for version in case.versions:
        yield from _version(version, case)
    for change in case.changes:
        yield from _change(change, case)
    yield from _row(case, where)
    yield from _ledger(case, where)


def _version(version: Given, case: ConsentCase) -> Iterator[Finding]:
    where, record = f"consent {case.standing.id}, version {version.version}", version.record
    try:
        verify_assertion(record)
        digest = signed_digest(record)
    except LedgerError as error:
        yield Finding(CONSENT, where, f"its record does not hold: {error}")
        return
    before = case.last_of(version.version - 1)
    facts = {
        "the digest beside it": (b64u(version.digest), b64u(digest)),
        "its notice": (b64u(sha256(version.notice.encode())), _at(record, "notice", "sha256")),
        "the version it follows": (record["previous"], record_hash(before.record) if before else None),
        "the consent it is of": (record["consent"], case.standing.id),
        "its number": (record["version"], version.version),
    }
    for name, (got, expected) in facts.items():
        if got != expected:
            yield Finding(CONSENT, where, f"{name} is {got}, expected {expected}")
    meant = version.meant or dict.fromkeys(AGREED)
    for name in AGREED:
        if record[name] != meant[name]:
            yield Finding(CONSENT, where, f"the terms it is released by have another {name} than the owner signed")
    yield from _opened(version, case, where)


def _change(change: Told, case: ConsentCase) -> Iterator[Finding]:
    where = f"consent {case.standing.id}, {change.type.removeprefix('consent.')}"
    given = next((each for each in case.versions if each.version == change.version), None)
    if given is not None and any(change.record.get(name) != given.record[name] for name in SIGNED):
        yield Finding(CONSENT, where, "its record says other than what the owner signed")
    yield from _opened(change, case, where)


def _opened(told: Told, case: ConsentCase, where: str) -> Iterator[Finding]:
    try:
        opened = b64u(record_commitment(told.record, told.salt))
    except CodecError as error:
        yield Finding(CONSENT, where, f"its record opens no commitment: {error}")
        return
    if opened != b64u(told.commitment):
        yield Finding(CONSENT, where, f"its record opens commitment {opened}, expected {b64u(told.commitment)}")
    types = ACTIVATING if told.type in ACTIVATING else (told.type,)
    made = {commitment for kind, number, commitment in case.commitments if kind in types and number == told.version}
    if b64u(told.commitment) not in made and case.settled:
        got = ", ".join(sorted(made)) or "none"
        yield Finding(CONSENT, where, f"the ledger has the commitments {got}, expected {b64u(told.commitment)}")


def _row(case: ConsentCase, where: str) -> Iterator[Finding]:
    present, standing = case.present, case.standing
    if present is None:
        return
    facts: dict[str, tuple[object, object]] = {
        "state": (standing.state, _at(present.record, "status", "state")),
        "owner": (standing.owner_id, _at(present.record, "parties", "owner", "id")),
        "bank": (standing.bank_id, _at(present.record, "parties", "bank", "id")),
        "end": (f"{standing.expires_at:%Y-%m-%dT%H:%M:%SZ}", _at(present.record, "limits", "expires_at")),
        "maximum of pulls": (standing.maximum_pulls, _at(present.record, "limits", "maximum_pulls")),
    }
    for name, (got, expected) in facts.items():
        if got != expected:
            yield Finding(CONSENT, where, f"the database says {name} {got}, its record says {expected}")


def _at(record: Json, *steps: str) -> object:
    """Return what stands at a place of a record, None if there is none."""
    value: object = record
    for step in steps:
        value = value.get(step) if isinstance(value, dict) else None
    return value


def _ledger(case: ConsentCase, where: str) -> Iterator[Finding]:
    if not case.settled:
        return
    standing, known = case.standing, case.on_ledger
    if known is None or not standing.version:
        if (known is None) != (standing.version == 0):
            told = f"{known['state']}, version {known['version']}" if known else "nothing of it"
            what = f"the database says {standing.state}, version {standing.version}, the ledger knows {told}"
            yield Finding(CONSENT, where, what)
        return
    facts: dict[str, tuple[object, object]] = {
        "state": (standing.state, known["state"]),
        "version": (standing.version, known["version"]),
        "gateway": (case.gateway_id, known["org"]),
    }
    if case.present is not None:
        facts["commitment"] = (b64u(case.present.commitment), known["commitment"])
    for name, (got, expected) in facts.items():
        if got != expected:
            yield Finding(CONSENT, where, f"the database says {name} {got}, the ledger says {expected}")
