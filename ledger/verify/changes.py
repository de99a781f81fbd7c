"""Verify the receipts of what happened to a consent offline: beside them, the ledger's entries say the same."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ledger import consent_receipts, jws
from ledger.blocks.forms import members
from ledger.blocks.times import to_text
from ledger.bodies import digest, one_of
from ledger.codec import parse_canonical
from ledger.consent_receipts import FORMAT, NEXT, Receipt
from ledger.errors import CodecError, VerificationError
from ledger.history import AGREEMENTS
from ledger.jws import Jws
from ledger.verify.case import AnchorCase, OnLedger
from ledger.verify.parse import LEDGER_PARTS, MOST_DEPTH, check_all_named, items, named, read_ledger, text
from ledger.verify.signers import Signer, check_signers, entries_are_signed, of_entries
from ledger.verify.steps import CHAIN, run, trusted
from ledger.verify.verdict import headline

MOST_BYTES, MOST_RECEIPTS = 8_388_608, 1_000
TOP = (*LEDGER_PARTS, "consent", "format", "receipts")
ENTRIES = {
    "given": "consent.granted",
    "amended": "consent.amended",
    "paused": "consent.paused",
    "resumed": "consent.resumed",
    "withdrawn": "consent.revoked",
    "expired": "consent.ended",
    "exhausted": "consent.ended",
    "ended_by_title": "consent.ended",
}
"""What the ledger says of each event; a refusal is not on it."""


@dataclass(frozen=True, slots=True)
class ReceiptCase:
    """A receipt, and the entry that tells the ledger of the change; None if that was not final yet."""

    jws: Jws
    receipt: Receipt
    anchor: AnchorCase | None


@dataclass(slots=True, kw_only=True)
class ReceiptsCase(OnLedger):
    """One verification of a consent's receipts."""

    consent: str = ""
    receipts: list[ReceiptCase] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ChangeVerdict:
    """What happened: `at` by the gateway's clock, the entry and its block by the validators (None: not final yet)."""

    version: int
    event: str
    state: str
    at: str
    record: str | None
    commitment: str | None
    height: int | None
    anchored_at: str | None


@dataclass(frozen=True, slots=True)
class ReceiptsVerdict:
    """What the gateway signed of a consent, change by change. `caveats` in sentences."""

    chain: str
    engine: str
    consent: str
    owner: str
    bank: str
    gateway: str
    changes: tuple[ChangeVerdict, ...]
    caveats: tuple[str, ...]

    @property
    def summary(self) -> str:
        """The verdict in one line."""
        last = self.changes[-1]
        line = f"OK: consent {self.consent} of {self.owner} for {self.bank}, {len(self.changes)} receipts,"
        line += f" version {last.version}, {last.state}"
        return headline(line, self.engine)


def verify(data: bytes, trust: bytes) -> ReceiptsVerdict:
    """Return what the receipts of a consent prove against a trust file.

    Raises `VerificationError` with the number of the step that failed.
    """
    case = ReceiptsCase(data=data, trust=trusted(trust), what="receipts")
    run(STEPS, case)
    return _verdict(case)


def _read(case: ReceiptsCase) -> None:
    """Step 1: the file is in its one form, and nothing idle stands in it."""
    value = members(parse_canonical(case.data, max_bytes=MOST_BYTES, max_depth=MOST_DEPTH), TOP, "receipts")
    one_of(FORMAT)(value["format"])
    digest(value["consent"])
    case.consent = value["consent"]
    read_ledger(value, case)
    case.receipts = [_receipt(each, case) for each in items(value["receipts"], "receipts", most=MOST_RECEIPTS)]
    if not case.receipts:
        raise CodecError("expected one receipt at least")
    check_all_named(case, value, [each.anchor for each in case.receipts if each.anchor is not None])


def _receipt(value: object, case: ReceiptsCase) -> ReceiptCase:
    given = members(value, ("anchor", "receipt"), "receipt")
    anchor = None if given["anchor"] is None else named(given["anchor"], case.anchors, "anchor")
    return ReceiptCase(*consent_receipts.read(text(given["receipt"], "receipt")), anchor)


def _keys_were_valid(case: ReceiptsCase) -> None:
    """Step 7: as that of evidence, for the entries, and for the key of the receipts under header A."""
    at = case.header_a.height
    signed = (Signer(f"key/{each.receipt.iss}/{each.jws.kid}", "receipts", at) for each in case.receipts)
    check_signers(case, (*of_entries(case, anchored=True), *signed))


def _receipts_are_the_gateways(case: ReceiptsCase) -> None:
    """Step 9: each receipt is signed by one gateway, for one owner and bank, and is of this consent."""
    first = case.receipts[0].receipt
    for each in case.receipts:
        said = each.receipt
        if (said.iss, said.sub, said.aud, said.consent) != (first.iss, first.sub, first.aud, case.consent):
            raise VerificationError("the receipts are not of one gateway, owner, bank and consent")
        key = case.key_of(said.iss, each.jws.kid)
        if key is None:
            raise VerificationError(f"no receipts key of {said.iss} is proved")
        jws.verify(each.jws, key["public_key"])


def _what_happened_may_happen(case: ReceiptsCase) -> None:
    """Step 10: each change is one that may follow the one before, from the request on, and versions count up."""
    state, version, at = "requested", 0, ""
    for said in (each.receipt for each in case.receipts):
        allowed, to = NEXT[said.event]
        version += said.event in AGREEMENTS
        if state not in allowed or (said.state, said.version) != (to, version) or said.at < at:
            raise VerificationError(f"{said.event} to {said.state}, version {said.version}, cannot follow {state}")
        if (said.record is None) != (version == 0) or (said.commitment is None) != (version == 0):
            raise VerificationError(f"{said.event}, version {version}: a consent has a record once it was given")
        state, at = said.state, said.at


def _entries_say_the_same(case: ReceiptsCase) -> None:
    """Step 11: the entry of each change is of its type, by the gateway, and about this version and commitment."""
    for each in case.receipts:
        said = each.receipt
        if each.anchor is None:
            if said.entry is not None:
                raise VerificationError(f"{said.event} names entry {said.entry}, which is not there")
            continue
        entry = each.anchor.entry
        about = (entry.type, entry.id, *(entry.body.get(member) for member in ("consent", "version", "commitment")))
        if about != (ENTRIES.get(said.event), said.entry, said.consent, said.version, said.commitment):
            raise VerificationError(f"entry {entry.id} says something else than the receipt of {said.event}")
        if entry.body.get("reason", said.state) != said.state or [one.org for one in entry.signatures] != [said.iss]:
            raise VerificationError(f"entry {entry.id} is by another, or for another reason, than {said.event}")


STEPS: tuple[tuple[str, Callable[[Any], None]], ...] = (
    ("parse strictly", _read),
    *CHAIN,
    ("keys in the state", _keys_were_valid),
    ("entry signatures", entries_are_signed),
    ("receipt signatures", _receipts_are_the_gateways),
    ("what happened may happen", _what_happened_may_happen),
    ("the ledger's entries say the same", _entries_say_the_same),
)
"""The steps in their order; a step is known by its number, counted from 1."""


def _verdict(case: ReceiptsCase) -> ReceiptsVerdict:
    first = case.receipts[0].receipt
    return ReceiptsVerdict(
        chain=case.trust.chain,
        engine=case.trust.engine,
        consent=case.consent,
        owner=first.sub,
        bank=first.aud,
        gateway=first.iss,
        changes=tuple(_change(each) for each in case.receipts),
        caveats=tuple(_caveats(case)),
    )


def _change(each: ReceiptCase) -> ChangeVerdict:
    said, block = each.receipt, each.anchor.block if each.anchor else None
    return ChangeVerdict(
        version=said.version,
        event=said.event,
        state=said.state,
        at=said.at,
        record=said.record,
        commitment=said.commitment,
        height=block.header.height if block else None,
        anchored_at=to_text(block.next.time) if block else None,
    )


def _caveats(case: ReceiptsCase) -> Iterator[str]:
    gateway = case.receipts[0].receipt.iss
    yield f"That it happened then, and whose consent it is, rests on the word of {gateway}, which signed it."
    yield "Whether more has happened since cannot be seen in a file."
    if case.trust.engine == "embedded":
        yield f"The ledger is embedded: its history rests on the word of one operator, {gateway}."
