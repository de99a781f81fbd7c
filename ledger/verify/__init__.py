"""Verify evidence offline: twelve numbered steps, each a function, in the order of `STEPS`. No server code."""

from collections.abc import Callable
from datetime import datetime, timedelta

from ledger.errors import CodecError, LedgerError, VerificationError
from ledger.trust import Trust
from ledger.trust import read as read_trust
from ledger.verify.case import Case
from ledger.verify.chain import (
    entries_are_in_their_blocks,
    entries_were_accepted,
    headers_are_what_was_committed,
    validators_are_trusted,
    validators_signed,
)
from ledger.verify.contents import (
    consent_is_the_owners,
    leaves_are_in_their_batches,
    receipt_binds_it_all,
    records_are_sealed,
)
from ledger.verify.parse import parse_strictly
from ledger.verify.signers import entries_are_signed, keys_were_valid
from ledger.verify.verdict import NotEnough, Verdict, conclude

__all__ = ["NotEnough", "Verdict", "verify"]

Step = Callable[[Case], None]

STEPS: tuple[tuple[str, Step], ...] = (
    ("parse strictly", parse_strictly),
    ("chain and validator sets against trust", validators_are_trusted),
    ("commit signatures", validators_signed),
    ("header hashes", headers_are_what_was_committed),
    ("entries in their blocks", entries_are_in_their_blocks),
    ("entries accepted", entries_were_accepted),
    ("keys in the state", keys_were_valid),
    ("entry signatures", entries_are_signed),
    ("leaves in their batches", leaves_are_in_their_batches),
    ("record signatures and disclosures", records_are_sealed),
    ("consent", consent_is_the_owners),
    ("receipt", receipt_binds_it_all),
)
"""The steps in their order; a step is known by its number, counted from 1."""


def verify(
    evidence: bytes,
    trust: bytes,
    *,
    audience: str | None = None,
    require: frozenset[str] = frozenset(),
    max_age: timedelta | None = None,
    now: datetime,
) -> Verdict:
    """Return what `evidence` proves against a trust file.

    `audience` is the bank that must have pulled it; `require` may hold `provider_sealed` and `cometbft`. Raises
    `VerificationError` with the number of the step that failed, or `NotEnough` if it holds but is older than `max_age`
    or not what is required.
    """
    case = Case(data=evidence, trust=_trust(trust), audience=audience)
    for number, (name, step) in enumerate(STEPS, start=1):
        try:
            step(case)
        except VerificationError as error:
            raise VerificationError(f"{name}: {error.message}", step=number) from error
        except CodecError as error:
            raise VerificationError(f"{name}: {error}", step=number) from error
    return conclude(case, require=require, max_age=max_age, now=now)


def _trust(data: bytes) -> Trust:
    try:
        return read_trust(data)
    except LedgerError as error:
        raise VerificationError(f"trust file: {error}", step=2) from error
