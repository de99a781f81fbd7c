"""Verify an owner's access log offline: the steps of evidence for the ledger's part, then receipts and statement."""

from collections.abc import Callable, Iterator
from typing import Any

from ledger import access_log, jws
from ledger import receipt as receipts
from ledger.access_log import FORMAT, receipts_digest
from ledger.blocks.forms import members, whole
from ledger.bodies import one_of
from ledger.codec import parse_canonical, unb64u
from ledger.errors import VerificationError
from ledger.merkle import verify_inclusion
from ledger.record import leaf
from ledger.verify.parse import (
    LEDGER_PARTS,
    MOST_BYTES,
    MOST_DEPTH,
    check_all_named,
    items,
    named,
    read_ledger,
    read_path,
    text,
)
from ledger.verify.pulls import LogCase, LogVerdict, PullCase, verdict_of
from ledger.verify.signers import Signer, check_signers, entries_are_signed, of_entries
from ledger.verify.steps import CHAIN, run, trusted

TOP = (*LEDGER_PARTS, "format", "pending", "pulls", "statement")


def checked(data: bytes, trust: bytes) -> LogCase:
    """Return a log that passed every step. Raises `VerificationError` with the number of the step that failed."""
    case = LogCase(data=data, trust=trusted(trust), what="access log")
    run(STEPS, case)
    return case


def verify(data: bytes, trust: bytes) -> LogVerdict:
    """Return what a log proves against a trust file. Raises as `checked` does."""
    return verdict_of(checked(data, trust))


def _read(case: LogCase) -> None:
    """Step 1: the file is in its one form, and nothing idle stands in it."""
    value = members(parse_canonical(case.data, max_bytes=MOST_BYTES, max_depth=MOST_DEPTH), TOP, "access log")
    one_of(FORMAT)(value["format"])
    read_ledger(value, case)
    anchored = [_pull(each, case) for each in items(value["pulls"], "pulls")]
    pending = [_receipt(text(each, "receipt")) for each in items(value["pending"], "pending")]
    case.pulls = [*anchored, *pending]
    case.statement_jws, case.statement = access_log.read(text(value["statement"], "statement"))
    check_all_named(case, value, [each.anchor for each in anchored if each.anchor is not None])


def _pull(value: object, case: LogCase) -> PullCase:
    given = members(value, ("anchor", "index", "path", "receipt"), "pull")
    found = _receipt(text(given["receipt"], "receipt"))
    anchor = named(given["anchor"], case.anchors, "anchor")
    return PullCase(
        found.compact, found.jws, found.receipt, anchor, whole(given["index"], "index"), read_path(given["path"])
    )


def _receipt(compact: str) -> PullCase:
    return PullCase(compact, *receipts.read(compact))


def _keys_were_valid(case: LogCase) -> None:
    """Step 7: as that of evidence; a receipt's key is judged at the header that the receipt itself names.

    That a key turned out to be compromised takes no pull out of the log that was on the ledger before.
    """
    check_signers(case, (*of_entries(case, anchored=True), *_signers(case)))


def _signers(case: LogCase) -> Iterator[Signer]:
    gateway, at = case.statement.iss, case.header_a.height
    yield Signer(f"key/{gateway}/{case.statement_jws.kid}", "receipts", at)
    for each in case.pulls:
        if each.receipt.keys_at > at:
            raise VerificationError(f"a receipt names header {each.receipt.keys_at}, header A is {at}")
        key = f"key/{each.receipt.iss}/{each.jws.kid}"
        yield Signer(key, "receipts", each.receipt.keys_at, anchored=each.anchor is not None)


def _leaves_are_in_their_batches(case: LogCase) -> None:
    """Step 9: each receipt's leaf is in its batch, which the gateway anchored."""
    for each in case.pulls:
        if each.anchor is None:
            continue
        entry = each.anchor.entry
        if entry.type != "batch.anchor" or entry.body["stream"] != "receipts":
            raise VerificationError(f"a receipt is anchored by {entry.type}, expected a batch of receipts")
        if [signature.org for signature in entry.signatures] != [case.statement.iss]:
            raise VerificationError(f"a batch of receipts is not anchored by {case.statement.iss}")
        verify_inclusion(
            leaf=leaf(each.compact),
            index=each.index,
            size=entry.body["size"],
            path=each.path,
            expected=unb64u(entry.body["root"]),
        )


def _receipts_are_the_gateways(case: LogCase) -> None:
    """Step 10: each receipt is signed by the gateway, cites one of the owner's consents, and stands there once."""
    seen = set()
    for each in case.pulls:
        key = case.key_of(each.receipt.iss, each.jws.kid)
        if key is None or each.receipt.iss != case.statement.iss:
            raise VerificationError(f"a receipt is by {each.receipt.iss}, expected {case.statement.iss}")
        jws.verify(each.jws, key["public_key"])
        if each.receipt.consent["id"] not in case.statement.consents:
            raise VerificationError(f"receipt {each.receipt.jti} cites a consent that the statement does not name")
        if each.receipt.jti in seen:
            raise VerificationError(f"receipt {each.receipt.jti} stands there twice")
        seen.add(each.receipt.jti)


def _statement_covers_it_all(case: LogCase) -> None:
    """Step 11: the gateway signed that these are all receipts of its time, and they are those that it counted."""
    said = case.statement
    key = case.key_of(said.iss, case.statement_jws.kid)
    if key is None:
        raise VerificationError(f"no receipts key of {said.iss} is proved")
    jws.verify(case.statement_jws, key["public_key"])
    if not said.begins <= said.ends <= said.iat:
        raise VerificationError("the statement's times are not in order")
    if receipts_digest([each.compact for each in case.pulls]) != said.receipts:
        raise VerificationError("the receipts are not those that the statement is about")
    for each in case.pulls:
        if each.receipt.iat < said.begins:
            raise VerificationError(f"receipt {each.receipt.jti} is from before the time that the statement covers")


STEPS: tuple[tuple[str, Callable[[Any], None]], ...] = (
    ("parse strictly", _read),
    *CHAIN,
    ("keys in the state", _keys_were_valid),
    ("entry signatures", entries_are_signed),
    ("receipts in their batches", _leaves_are_in_their_batches),
    ("receipt signatures", _receipts_are_the_gateways),
    ("the gateway's statement", _statement_covers_it_all),
)
"""The steps in their order; a step is known by its number, counted from 1."""
