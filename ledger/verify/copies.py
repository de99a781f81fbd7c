"""Compare a bank's copy of a receipt with an owner's access log: is the pull there, or was it kept from the owner?"""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from ledger import jws
from ledger import receipt as receipts
from ledger.codec import parse
from ledger.errors import CodecError, LedgerError, VerificationError
from ledger.receipt import Receipt
from ledger.state.signers import key_holds
from ledger.verify import verify as verify_evidence
from ledger.verify.parse import MOST_BYTES, MOST_DEPTH
from ledger.verify.pulls import LogCase


class Found(StrEnum):
    """What a copy shows."""

    ANCHORED = "anchored"
    PENDING = "pending"
    MISSING = "missing"
    SHOWS_NOTHING = "shows_nothing"


@dataclass(frozen=True, slots=True)
class CopyVerdict:
    """What one copy shows, and that in words; `receipt` is its id, empty if it cannot be read."""

    receipt: str
    found: Found
    says: str


def look_up(log: LogCase, copy: bytes, trust: bytes, *, now: datetime) -> CopyVerdict:
    """Say whether the receipt in `copy` (an evidence file, or the receipt alone) stands in a log that was verified.

    It is missing if the gateway signed it, for this owner, for a time of which its statement says that all pulls are
    there. A copy that does not hold shows nothing, nor does one for another time, owner or gateway.
    """
    try:
        compact, owner = _taken(copy, trust, now)
        signed, receipt = receipts.read(compact)
        return _looked_up(log, compact, signed, receipt, owner)
    except LedgerError as error:
        return CopyVerdict("", Found.SHOWS_NOTHING, f"the copy does not hold: {error}")


def _taken(copy: bytes, trust: bytes, now: datetime) -> tuple[str, str | None]:
    """Return the receipt in a copy, and whose data it is about if the copy proves that."""
    alone = copy.strip()
    if not alone.startswith(b"{"):
        try:
            return alone.decode("ascii"), None
        except UnicodeDecodeError:
            raise CodecError("neither an evidence nor a receipt") from None
    owner = verify_evidence(copy, trust, now=now).owner
    value: Any = parse(copy, max_bytes=MOST_BYTES, max_depth=MOST_DEPTH)
    return value["receipt"], owner


def _looked_up(log: LogCase, compact: str, signed: jws.Jws, receipt: Receipt, owner: str | None) -> CopyVerdict:
    said, at = log.statement, f"{datetime.fromtimestamp(receipt.iat, UTC):%Y-%m-%dT%H:%M:%SZ}"
    what = f"receipt {receipt.jti} of {at} for {receipt.aud}"
    for each in log.pulls:
        if each.compact == compact:
            found = Found.PENDING if each.anchor is None else Found.ANCHORED
            return CopyVerdict(receipt.jti, found, f"{what} stands in the log, {found}")
    if reason := _elsewhere(log, signed, receipt, owner):
        return CopyVerdict(receipt.jti, Found.SHOWS_NOTHING, f"{what} {reason}")
    missing = f"{what} is MISSING: {said.iss} signed it, and signed that the log has all pulls of that time"
    return CopyVerdict(receipt.jti, Found.MISSING, missing)


def _elsewhere(log: LogCase, signed: jws.Jws, receipt: Receipt, owner: str | None) -> str | None:
    """Return why a receipt need not stand in the log; None if it must."""
    said = log.statement
    if receipt.iss != said.iss:
        return f"is by {receipt.iss}, the log by {said.iss}"
    if owner is None:
        if receipt.consent["id"] not in said.consents:
            return "cites a consent that the log does not name: the bank's whole evidence shows whose it is"
        _check_signed(log, signed, receipt)
    elif owner != said.sub:
        return f"is about data of {owner}, the log is of {said.sub}"
    if not said.begins <= receipt.iat < said.ends:
        return "is of a time that the log does not answer for: take one that does"
    return None


def _check_signed(log: LogCase, signed: jws.Jws, receipt: Receipt) -> None:
    key = log.key_of(receipt.iss, signed.kid)
    if key is None:
        raise VerificationError("the log does not prove the receipt's key: the bank's whole evidence does")
    if reason := key_holds(key, usage="receipts", height=receipt.keys_at):
        raise VerificationError(f"the receipt's key {reason}")
    jws.verify(signed, key["public_key"])
