"""A consent's history: each of its records in order, and their check. No server code, and nothing is fetched.

A history is `{"format", "consent", "records": [{"record", "salt"}, ...]}` in canonical JSON. A version begins with the
record that the owner signed (given, amended); whatever happens to it afterwards (paused, resumed, withdrawn, expired,
exhausted, ended_by_title) makes a record more of the same version, in which only status and events differ.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ledger.blocks.forms import members
from ledger.bodies import digest, one_of
from ledger.codec import b64u, canonical, parse_canonical, unb64u
from ledger.consent_record import SIGNED, check_form, record_commitment, record_hash, verify_assertion
from ledger.errors import CodecError, VerificationError
from ledger.signatories import signatures
from ledger.verify.steps import run

FORMAT = "tidegate-consent-history/1"
MOST_BYTES, MOST_DEPTH, MOST_RECORDS = 4_194_304, 24, 1_000
LIVING = ("active", "paused")
NEXT: Mapping[str, tuple[tuple[str, ...], str]] = {
    "given": (("requested",), "active"),
    "amended": (LIVING, "active"),
    "paused": (("active",), "paused"),
    "resumed": (("paused",), "active"),
    "withdrawn": (LIVING, "revoked"),
    "expired": (LIVING, "expired"),
    "exhausted": (LIVING, "exhausted"),
    "ended_by_title": (LIVING, "title"),
}
"""From which states an event leads to which."""
AGREEMENTS = ("given", "amended")

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Change:
    """One record: version, what happened and when (the gateway's word), the state since, the ledger's commitment.

    `people`: how many signed the version.
    """

    version: int
    event: str
    at: str
    state: str
    commitment: str
    people: int


@dataclass(frozen=True, slots=True)
class HistoryVerdict:
    """What was proved of a consent: whose, for whom, and each change. `caveats` in sentences."""

    consent: str
    owner: str
    bank: str
    changes: tuple[Change, ...]
    caveats: tuple[str, ...]

    @property
    def summary(self) -> str:
        """The verdict in one line."""
        last = self.changes[-1]
        return f"OK: consent {self.consent} of {self.owner} for {self.bank}, version {last.version}, {last.state}"


def write(consent: str, records: Sequence[tuple[Json, bytes]]) -> bytes:
    """Return the history of a consent: each record with the salt of its commitment, in order."""
    items = [{"record": record, "salt": b64u(salt)} for record, salt in records]
    return canonical({"format": FORMAT, "consent": consent, "records": items})


def verify(data: bytes) -> HistoryVerdict:
    """Return what a history proves: the owner signed every version, each follows from the one before, none is missing.

    Raises `VerificationError` with the number of the step that failed.
    """
    case = _Case(data)
    run(STEPS, case)
    return _verdict(case)


class _Case:
    """What is read of a history, step by step."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.consent = ""
        self.records: list[Json] = []
        self.salts: list[bytes] = []


def _is_in_form(case: _Case) -> None:
    found = parse_canonical(case.data, max_bytes=MOST_BYTES, max_depth=MOST_DEPTH)
    given = members(found, ("format", "consent", "records"), "history")
    one_of(FORMAT)(given["format"])
    digest(given["consent"])
    items = given["records"]
    if not isinstance(items, list) or not 1 <= len(items) <= MOST_RECORDS:
        raise CodecError(f"expected a list of 1 to {MOST_RECORDS} records")
    case.consent = given["consent"]
    for item in items:
        pair = members(item, ("record", "salt"), "record and salt")
        digest(pair["salt"])
        case.records.append(check_form(pair["record"]))
        case.salts.append(unb64u(pair["salt"]))
        _check_told(case.records[-1])


def _check_told(record: Json) -> None:
    """Raise `CodecError` unless status and events are in form."""
    status, events = record["status"], record["events"]
    if not isinstance(status, dict) or not isinstance(status.get("state"), str):
        raise CodecError("status: expected an object with a state")
    if not isinstance(events, list) or len(events) < 2:  # noqa: PLR2004 - requested, and given
        raise CodecError("events: expected a list of two or more")
    for event in events:
        if not isinstance(event, dict) or not all(isinstance(event.get(name), str) for name in ("event", "at")):
            raise CodecError("events: expected objects with event and at")


def _is_of_one_consent(case: _Case) -> None:
    first = case.records[0]
    for record in case.records:
        for place in (("consent",), ("parties", "owner", "id"), ("parties", "bank", "id")):
            if _at(record, place) != _at(first, place):
                raise VerificationError(f"{'/'.join(place)} is {_at(record, place)!r}, was {_at(first, place)!r}")
    if first["consent"] != case.consent:
        raise VerificationError(f"the records are of consent {first['consent']}, expected {case.consent}")


def _is_signed_by_the_owner(case: _Case) -> None:
    for record in case.records:
        verify_assertion(record)


def _follows_from_the_one_before(case: _Case) -> None:
    before: Json | None = None
    for record in case.records:
        if record["events"][-1]["event"] in AGREEMENTS:
            _begins_a_version(record, before)
        else:
            _changes_a_version(record, before)
        before = record


def _begins_a_version(record: Json, before: Json | None) -> None:
    version, previous = (before["version"], record_hash(before)) if before else (0, None)
    if (record["version"], record["previous"]) != (version + 1, previous):
        raise VerificationError(
            f"version {record['version']} follows {record['previous']}, expected version {version + 1} after {previous}"
        )


def _changes_a_version(record: Json, before: Json | None) -> None:
    kept = (*SIGNED, "proof")
    if before is None or any(record[name] != before[name] for name in kept):
        raise VerificationError(
            f"a change of version {record['version']} differs from it in more than status and events"
        )


def _is_what_may_happen(case: _Case) -> None:
    told: list[Any] = []
    state = "requested"
    for record in case.records:
        known = told or record["events"][:1]
        if record["events"][:-1] != known or known[0]["event"] != "requested":
            raise VerificationError(f"the events of version {record['version']} are not those before it and one more")
        told = record["events"]
        event = told[-1]["event"]
        allowed, to = NEXT.get(event, ((), ""))
        if state not in allowed:
            raise VerificationError(f"a consent that is {state} cannot be {event}")
        if record["status"]["state"] != to:
            raise VerificationError(f"after {event} the state is {record['status']['state']}, expected {to}")
        state = to


STEPS: tuple[tuple[str, Callable[[_Case], None]], ...] = (
    ("form", _is_in_form),
    ("one consent, owner and bank", _is_of_one_consent),
    ("the owner's signatures", _is_signed_by_the_owner),
    ("each record follows from the one before", _follows_from_the_one_before),
    ("what happened may happen", _is_what_may_happen),
)
"""The steps in their order; a step is known by its number, counted from 1."""


def _verdict(case: _Case) -> HistoryVerdict:
    parties = case.records[0]["parties"]
    changes = tuple(
        Change(
            version=record["version"],
            event=record["events"][-1]["event"],
            at=record["events"][-1]["at"],
            state=record["status"]["state"],
            commitment=b64u(record_commitment(record, salt)),
            people=len(signatures(record)),
        )
        for record, salt in zip(case.records, case.salts, strict=True)
    )
    gateway = parties["gateway"]["id"]
    caveats = (
        f"That the passkeys are the owner's, and when each thing happened, rests on the word of {gateway}.",
        "Whether more has happened since cannot be seen in a file: the ledger has a commitment to each record.",
    )
    return HistoryVerdict(case.consent, parties["owner"]["id"], parties["bank"]["id"], changes, caveats)


def _at(record: Json, place: tuple[str, ...]) -> object:
    value: Any = record
    for step in place:
        value = value[step]
    return value
