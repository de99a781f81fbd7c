"""Steps 2 to 6: the blocks are the trusted chain's, and the entries stand in them, accepted."""

from collections.abc import Iterator

from ledger.blocks.commits import verify_commit
from ledger.blocks.contents import entry_leaf, result_leaf
from ledger.blocks.headers import Header
from ledger.blocks.validators import validators_hash
from ledger.errors import VerificationError
from ledger.merkle import root_by_sides
from ledger.verify.case import Case


def validators_are_trusted(case: Case) -> None:
    """Step 2: every header is of the trusted chain, and every set is a trusted one or was handed over to."""
    for header in _headers(case):
        if header.chain != case.trust.chain:
            raise VerificationError(f"evidence is of chain {header.chain!r}, the trust file of {case.trust.chain!r}")
        if header.height == case.trust.pinned_height and header.hash() != case.trust.pinned_hash:
            raise VerificationError(f"block {header.height} has hash {header.hash().hex()}, another one is pinned")
    known = {validators_hash(each): each for each in case.trust.validator_sets}
    for handover in case.handovers:
        signers = known.get(handover.header.validators_hash)
        if signers is None or handover.header.next_validators_hash != validators_hash(handover.validators):
            raise VerificationError(f"hand-over at height {handover.header.height} is not by a known validator set")
        if handover.commit.block_id.hash != handover.header.hash():
            raise VerificationError(f"hand-over at height {handover.header.height}: the commit is for another block")
        verify_commit(handover.commit, chain=case.trust.chain, validators=signers)
        known[validators_hash(handover.validators)] = handover.validators
    for block in case.blocks:
        if block.next.validators_hash not in known:
            raise VerificationError(f"block {block.next.height} has a validator set that nothing trusted leads to")
        if validators_hash(block.validators) != block.next.validators_hash:
            raise VerificationError(f"block {block.next.height}: the set given is not the one in its header")


def validators_signed(case: Case) -> None:
    """Step 3: each commit carries more than two thirds of its set's power, every signature verifying."""
    for block in case.blocks:
        if block.commit.height != block.next.height:
            raise VerificationError(f"commit for height {block.commit.height}, expected {block.next.height}")
        verify_commit(block.commit, chain=case.trust.chain, validators=block.validators)


def headers_are_what_was_committed(case: Case) -> None:
    """Step 4: the commit is for header H+1, and that names header H as the one before it."""
    for block in case.blocks:
        if block.commit.block_id.hash != block.next.hash():
            raise VerificationError(f"header {block.next.height} is not the one that was committed")
        if block.next.height != block.header.height + 1 or block.next.last_block_id.hash != block.header.hash():
            raise VerificationError(f"header {block.header.height} is not the one before header {block.next.height}")


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
