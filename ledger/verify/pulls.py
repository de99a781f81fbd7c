"""The pulls of an owner's access log while it is being verified, and what that proved."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from ledger.access_log import Statement
from ledger.blocks.times import to_datetime
from ledger.jws import Jws
from ledger.receipt import Receipt
from ledger.verify.case import AnchorCase, OnLedger
from ledger.verify.verdict import headline


@dataclass(frozen=True, slots=True)
class PullCase:
    """A receipt, and its place in a batch; None if it is not anchored yet."""

    compact: str
    jws: Jws
    receipt: Receipt
    anchor: AnchorCase | None = None
    index: int = 0
    path: tuple[bytes, ...] = ()


@dataclass(slots=True, kw_only=True)
class LogCase(OnLedger):
    """One verification of an access log."""

    pulls: list[PullCase] = field(default_factory=list)
    statement_jws: Jws = field(init=False)
    statement: Statement = field(init=False)


@dataclass(frozen=True, slots=True)
class PullVerdict:
    """A pull: its receipt's id, who asked, under what, what was given; `anchored_at` None: not on the ledger yet.

    `pulled_at` is the gateway's word, `anchored_at` the validators'.
    """

    receipt: str
    bank: str
    consent: str
    version: int
    pulled_at: datetime
    records: int
    omitted: tuple[dict[str, Any], ...]
    anchored_height: int | None
    anchored_at: datetime | None


@dataclass(frozen=True, slots=True)
class LogVerdict:
    """What a log proves, and what the gateway says with it: all pulls from `begins` up to `ends`."""

    chain: str
    engine: str
    gateway: str
    owner: str
    made_at: datetime
    begins: datetime
    ends: datetime
    keys_height: int
    pulls: tuple[PullVerdict, ...]
    caveats: tuple[str, ...]

    @property
    def summary(self) -> str:
        """The verdict in one line."""
        pending = sum(each.anchored_at is None for each in self.pulls)
        line = f"OK: {len(self.pulls)} pulls of data of {self.owner}, {len(self.pulls) - pending} on the ledger"
        line += f", {pending} pending" if pending else ""
        return headline(line, self.engine)


def verdict_of(case: LogCase) -> LogVerdict:
    """Return the verdict on a log that passed every step; its pulls in order of time."""
    said = case.statement
    return LogVerdict(
        chain=case.trust.chain,
        engine=case.trust.engine,
        gateway=said.iss,
        owner=said.sub,
        made_at=_instant(said.iat),
        begins=_instant(said.begins),
        ends=_instant(said.ends),
        keys_height=case.header_a.height,
        pulls=tuple(sorted((_verdict(each) for each in case.pulls), key=lambda pull: (pull.pulled_at, pull.receipt))),
        caveats=tuple(_caveats(case)),
    )


def _verdict(each: PullCase) -> PullVerdict:
    block = each.anchor.block if each.anchor else None
    return PullVerdict(
        receipt=each.receipt.jti,
        bank=each.receipt.aud,
        consent=each.receipt.consent["id"],
        version=each.receipt.consent["version"],
        pulled_at=_instant(each.receipt.iat),
        records=len(each.receipt.records),
        omitted=tuple(dict(omission) for omission in each.receipt.omitted),
        anchored_height=block.header.height if block else None,
        anchored_at=to_datetime(block.next.time) if block else None,
    )


def _instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _caveats(case: LogCase) -> Iterator[str]:
    gateway = case.statement.iss
    yield (
        f"That no pull is missing rests on the word of {gateway}, which signed that these are all:"
        " a batch holds others' receipts too, as hashes that say nothing. A bank's copy shows a missing one."
    )
    yield f"That these consents are all of the owner's, and when each pull was, rests on the word of {gateway}."
    if any(each.anchor is None for each in case.pulls):
        yield "A pending pull is signed and not on the ledger yet: a later log must have it there."
    if case.trust.engine == "embedded":
        yield f"The ledger is embedded: its history rests on the word of one operator, {gateway}."
