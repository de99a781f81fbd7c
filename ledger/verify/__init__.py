"""Verify evidence offline: twelve numbered steps, each a function, in the order of `STEPS`. No server code."""

from collections.abc import Callable
from datetime import datetime, timedelta

from ledger.verify.case import Case
from ledger.verify.contents import (
    consent_is_the_owners,
    leaves_are_in_their_batches,
    receipt_binds_it_all,
    records_are_sealed,
)
from ledger.verify.parse import parse_strictly
from ledger.verify.signers import entries_are_signed, keys_were_valid
from ledger.verify.steps import CHAIN, run, trusted
from ledger.verify.verdict import NotEnough, Verdict, conclude

__all__ = ["NotEnough", "Verdict", "verify"]

Step = Callable[[Case], None]

STEPS: tuple[tuple[str, Step], ...] = (
    ("parse strictly", parse_strictly),
    *CHAIN,
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
    case = Case(data=evidence, trust=trusted(trust), what="evidence", audience=audience)
    run(STEPS, case)
    return conclude(case, require=require, max_age=max_age, now=now)
