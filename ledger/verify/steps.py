"""What all verifications of documents on the ledger share: their steps 2 to 6, and how steps are taken."""

from collections.abc import Callable, Sequence
from typing import Any

from ledger.errors import CodecError, LedgerError, VerificationError
from ledger.trust import Trust
from ledger.trust import read as read_trust
from ledger.verify.case import OnLedger
from ledger.verify.chain import (
    entries_are_in_their_blocks,
    entries_were_accepted,
    headers_are_what_was_committed,
    validators_are_trusted,
    validators_signed,
)

CHAIN: tuple[tuple[str, Callable[[OnLedger], None]], ...] = (
    ("chain and validator sets against trust", validators_are_trusted),
    ("commit signatures", validators_signed),
    ("header hashes", headers_are_what_was_committed),
    ("entries in their blocks", entries_are_in_their_blocks),
    ("entries accepted", entries_were_accepted),
)
"""After the first step, which reads the document; a step is known by its number, counted from 1."""


def run(steps: Sequence[tuple[str, Callable[[Any], None]]], case: object) -> None:
    """Take the steps in their order. Raises `VerificationError` with the number of the one that failed."""
    for number, (name, step) in enumerate(steps, start=1):
        try:
            step(case)
        except VerificationError as error:
            raise VerificationError(f"{name}: {error.message}", step=number) from error
        except CodecError as error:
            raise VerificationError(f"{name}: {error}", step=number) from error


def trusted(data: bytes) -> Trust:
    """Return a trust file as read. Raises `VerificationError` of step 2."""
    try:
        return read_trust(data)
    except LedgerError as error:
        raise VerificationError(f"trust file: {error}", step=2) from error
