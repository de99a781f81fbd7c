"""Which validator sets are trusted, at which height: those of the trust file, and those that they handed over to."""

from collections.abc import Iterable, Sequence
from itertools import pairwise

from ledger.blocks.commits import verify_commit
from ledger.blocks.handovers import Handover
from ledger.blocks.headers import Header
from ledger.blocks.validators import Validator, validators_hash
from ledger.errors import CodecError, VerificationError
from ledger.trust import Trust


class Serving:
    """A validator set and the first height at which it signs."""

    def __init__(self, first: int, validators: Sequence[Validator]) -> None:
        self.first, self.validators, self.hash = first, validators, validators_hash(validators)


def serving_at(sets: Sequence[Serving], height: int) -> Serving:
    """Return the set that serves at `height`. Raises `VerificationError` below the first."""
    found = [each for each in sets if each.first <= height]
    if not found:
        raise VerificationError(f"no validator set is trusted at height {height}, the first one at {sets[0].first}")
    return found[-1]


def trusted_sets(trust: Trust, handovers: Sequence[Handover]) -> list[Serving]:
    """Return the sets of a trust file and those handed over to. Raises `VerificationError` for a false hand-over."""
    sets = [Serving(first, validators) for first, validators in trust.validator_sets]
    for handover in handovers:
        _hand_over(trust, sets, handover)
    return sets


def verify_headers(trust: Trust, headers: Iterable[Header], *, what: str) -> None:
    """Raise `VerificationError` unless every header is of the trusted chain, and the pinned one is the pinned one."""
    for header in headers:
        if header.chain != trust.chain:
            raise VerificationError(f"{what} is of chain {header.chain!r}, the trust file of {trust.chain!r}")
        if header.height == trust.pinned_height and header.hash() != trust.pinned_hash:
            raise VerificationError(f"block {header.height} has hash {header.hash().hex()}, another one is pinned")


def verify_set(sets: Sequence[Serving], header: Header, validators: Sequence[Validator]) -> None:
    """Raise `VerificationError` unless the header's set is the one that serves there, and `validators` are that set."""
    if header.validators_hash != serving_at(sets, header.height).hash:
        raise VerificationError(f"block {header.height} has a validator set that nothing trusted leads to")
    if validators_hash(validators) != header.validators_hash:
        raise VerificationError(f"block {header.height}: the set given is not the one in its header")


def check_handovers(handovers: Sequence[Handover], signed: Iterable[int]) -> None:
    """Raise `CodecError` for hand-overs out of order or idle; `signed` are the heights that the sets signed."""
    heights = [each.header.height for each in handovers]
    if any(first >= second for first, second in pairwise(heights)):
        raise CodecError("handovers are not in order of height, each once")
    if any(each.header.validators_hash == each.header.next_validators_hash for each in handovers):
        raise CodecError("a hand-over stands in the file that changes no validator set")
    if heights and all(height <= heights[-1] for height in signed):
        raise CodecError("a hand-over stands in the file whose validator set signs nothing")


def _hand_over(trust: Trust, sets: list[Serving], handover: Handover) -> None:
    """Add the set that a hand-over leads to, serving from the next height on. A set that is known stays as it is."""
    header, commit = handover.header, handover.commit
    signers, handed = serving_at(sets, header.height), validators_hash(handover.validators)
    if header.validators_hash != signers.hash or header.next_validators_hash != handed:
        raise VerificationError(f"hand-over at height {header.height} is not by a known validator set, or not to this")
    if commit.block_id.hash != header.hash() or commit.height != header.height:
        raise VerificationError(f"hand-over at height {header.height}: the commit is for another block")
    verify_commit(commit, chain=trust.chain, validators=signers.validators)
    if header.height >= sets[-1].first:
        sets.append(Serving(header.height + 1, handover.validators))
    elif serving_at(sets, header.height + 1).hash != handed:
        raise VerificationError(f"hand-over at height {header.height} is to another set than the trust file's")
