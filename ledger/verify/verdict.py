"""What a verification proved, and what it did not."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from ledger.blocks.times import to_datetime
from ledger.errors import LedgerError
from ledger.signatories import signatures
from ledger.verify.case import Case

REQUIREMENTS = frozenset({"provider_sealed", "cometbft"})


class NotEnough(LedgerError):  # noqa: N818 - neither true nor false: the file does not suffice
    """The evidence holds, but is too old or not what was required."""


@dataclass(frozen=True, slots=True)
class RecordVerdict:
    """A record that was verified: whose word it is, when it was anchored, and what it shows."""

    product: str
    version: int
    provider: str
    level: str
    anchored_height: int
    anchored_at: datetime
    claims: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was proved. Times are the validators', but `pulled_at`, which is the gateway's. `caveats` in sentences."""

    chain: str
    engine: str
    owner: str
    bank: str
    gateway: str
    consent: str
    version: int
    granted_height: int
    granted_at: datetime
    pulled_at: datetime
    keys_height: int
    keys_at: datetime
    records: tuple[RecordVerdict, ...]
    omitted: tuple[dict[str, Any], ...]
    caveats: tuple[str, ...]

    @property
    def summary(self) -> str:
        """The verdict in one line."""
        line = f"OK: {len(self.records)} records of {self.owner}, given to {self.bank} under consent {self.consent}"
        return headline(line, self.engine)


def headline(line: str, engine: str) -> str:
    """Return a verdict's line, with what an embedded ledger is worth."""
    return f"{line} (embedded ledger: one operator's word)" if engine == "embedded" else line


def conclude(case: Case, *, require: frozenset[str], max_age: timedelta | None, now: datetime) -> Verdict:
    """Return the verdict on a case that passed every step. Raises `NotEnough`."""
    verdict = _verdict(case)
    if "cometbft" in require and verdict.engine != "cometbft":
        raise NotEnough(f"required a cometbft ledger, the trust file's is {verdict.engine}: one operator's word")
    if "provider_sealed" in require:
        for number, record in enumerate(verdict.records):
            if record.level != "provider_sealed":
                raise NotEnough(f"required provider_sealed, record {number} is {record.level}")
    if max_age is not None and now - verdict.keys_at > max_age:
        raise NotEnough(f"the evidence is of {verdict.keys_at:%Y-%m-%dT%H:%M:%SZ}, older than {max_age}")
    return verdict


def _verdict(case: Case) -> Verdict:
    block, parties = case.consent_anchor.block, case.consent["parties"]
    records = tuple(
        RecordVerdict(
            product=record.shown.product,
            version=record.shown.version,
            provider=record.shown.provider,
            level=record.shown.level,
            anchored_height=record.anchor.block.header.height,
            anchored_at=to_datetime(record.anchor.block.next.time),
            claims=record.shown.claims,
        )
        for record in case.records
    )
    return Verdict(
        chain=case.trust.chain,
        engine=case.trust.engine,
        owner=parties["owner"]["id"],
        bank=case.receipt.aud,
        gateway=case.receipt.iss,
        consent=case.consent["consent"],
        version=case.consent["version"],
        granted_height=block.header.height,
        granted_at=to_datetime(block.next.time),
        pulled_at=datetime.fromtimestamp(case.receipt.iat, UTC),
        keys_height=case.header_a.height,
        keys_at=to_datetime(case.header_a.time),
        records=records,
        omitted=tuple(dict(each) for each in case.receipt.omitted),
        caveats=tuple(_caveats(case, records)),
    )


def whose_passkeys(consent: Mapping[str, Any], gateway: str) -> str:
    """Return what rests on the gateway's word about who signed a consent record in form."""
    if len(signatures(consent)) == 1:
        return f"That the passkey is the owner's rests on the word of {gateway}, which enrolled it."
    return (
        f"Two passkeys signed. That they are of two people of the owner rests on the word of {gateway},"
        " which enrolled them."
    )


def _caveats(case: Case, records: tuple[RecordVerdict, ...]) -> list[str]:
    gateway = case.receipt.iss
    found = [
        whose_passkeys(case.consent, gateway),
        "Whether the consent was revoked since cannot be seen in a file.",
    ]
    data = case.consent["data"]
    if data["identifiers"] or data["period"]:
        found.append(f"That the records are of the documents and days in the consent rests on the word of {gateway}.")
    attested = sum(record.level == "gateway_attested" for record in records)
    if attested:
        found.append(
            f"{attested} of {len(records)} records are gateway_attested: {gateway} sealed what was pushed to it."
        )
    if case.trust.engine == "embedded":
        found.append(f"The ledger is embedded: its history rests on the word of one operator, {gateway}.")
    return found
