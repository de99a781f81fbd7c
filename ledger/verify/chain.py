"""Steps 2 to 6: the blocks are the trusted chain's, and the entries stand in them, accepted."""

from collections.abc import Iterator, Sequence

from ledger.blocks.commits import verify_commit
from ledger.blocks.contents import entry_leaf, result_leaf
from ledger.blocks.headers import Header
from ledger.blocks.validators import Validator, validators_hash
from ledger.errors import VerificationError
from ledger.merkle import root_by_sides
from ledger.verify.case import Case, Handover


def validators_are_trusted(case: Case) -> None:
    """Step 2: every header is of the trusted chain, and every set is a trusted one or was handed over to."""
    for header in _headers(case):
        if header.chain != case.trust.chain:
            raise VerificationError(f"evidence is of chain {header.chain!r}, the trust file of {case.trust.chain!r}")
        if header.height == case.trust.pinned_height and header.hash() != case.trust.pinned_hash:
            raise VerificationError(f"block {header.height} has hash {header.hash().hex()}, another one is pinned")
    sets = [Serving(first, validators) for first, validators in case.trust.validator_sets]
    for handover in case.handovers:
        _hand_over(case, sets, handover)
    for block in case.blocks:
        if block.next.validators_hash != _serving(sets, block.next.height).hash:
            raise VerificationError(f"block {block.next.height} has a validator set that nothing trusted leads to")
        if validators_hash(block.validators) != block.next.validators_hash:
            raise VerificationError(f"block {block.next.height}: the set given is not the one in its header")


class Serving:
    """A validator set and the first height at which it signs."""

    def __init__(self, first: int, validators: Sequence[Validator]) -> None:
        self.first, self.validators, self.hash = first, validators, validators_hash(validators)


def _serving(sets: Sequence[Serving], height: int) -> Serving:
    found = [each for each in sets if each.first <= height]
    if not found:
        raise VerificationError(f"no validator set is trusted at height {height}, the first one at {sets[0].first}")
    return found[-1]


def _hand_over(case: Case, sets: list[Serving], handover: Handover) -> None:
    """Add the set that a hand-over leads to, serving from the next height on. A set that is known stays as it is."""
    header, commit = handover.header, handover.commit
    signers, handed = _serving(sets, header.height), validators_hash(handover.validators)
    if header.validators_hash != signers.hash or header.next_validators_hash != handed:
        raise VerificationError(f"hand-over at height {header.height} is not by a known validator set, or not to this")
    if commit.block_id.hash != header.hash() or commit.height != header.height:
        raise VerificationError(f"hand-over at height {header.height}: the commit is for another block")
    verify_commit(commit, chain=case.trust.chain, validators=signers.validators)
    if header.height >= sets[-1].first:
        sets.append(Serving(header.height + 1, handover.validators))
    elif _serving(sets, header.height + 1).hash != handed:
        raise VerificationError(f"hand-over at height {header.height} is to another set than the trust file's")


def validators_signed(case: Case) -> None:
    """Step 3: each commit carries more than two thirds of its set's power, every signature verifying."""
    for block in case.blocks:
        if block.commit.height != block.next.height:
            raise VerificationError(f"commit for height {block.commit.height}, expected {block.next.height}")
        verify_commit(block.commit, chain=case.trust.chain, validators=block.validators)


def headers_are_what_was_committed(case: Case) -> None:
    """Step 4: the commit is for header H+1, which names header H as the one before it; each height has one header."""
    for block in case.blocks:
        if block.commit.block_id.hash != block.next.hash():
            raise VerificationError(f"header {block.next.height} is not the one that was committed")
        if block.next.height != block.header.height + 1 or block.next.last_block_id.hash != block.header.hash():
            raise VerificationError(f"header {block.header.height} is not the one before header {block.next.height}")
    hashes: dict[int, bytes] = {}
    for header in _headers(case):
        if hashes.setdefault(header.height, header.hash()) != header.hash():
            raise VerificationError(f"two different headers of height {header.height} were committed")


def entries_are_in_their_blocks(case: Case) -> None:
    """Step 5: each entry leads to its block's `data_hash`."""
    for anchor in case.anchors:
        root = root_by_sides(entry_leaf(anchor.entry.data), anchor.sides, anchor.entry_path)
        if root != anchor.block.header.data_hash:
            raise VerificationError(f"entry {anchor.entry.id} is not in block {anchor.block.header.height}")


def entries_were_accepted(case: Case) -> None:
    """Step 6: each entry's result is success (code 0): being in a block does not mean accepted."""
    for anchor in case.anchors:
        root = root_by_sides(result_leaf(0), anchor.sides, anchor.result_path)
        if root != anchor.block.next.last_results_hash:
            raise VerificationError(f"entry {anchor.entry.id} was not accepted in block {anchor.block.header.height}")


def _headers(case: Case) -> Iterator[Header]:
    for block in case.blocks:
        yield block.header
        yield block.next
    for handover in case.handovers:
        yield handover.header
