"""Steps 2 to 6: the blocks are the trusted chain's, and the entries stand in them, accepted."""

from collections.abc import Iterator

from ledger.blocks.commits import verify_commit
from ledger.blocks.contents import entry_leaf, result_leaf
from ledger.blocks.headers import Header
from ledger.errors import VerificationError
from ledger.merkle import root_by_sides
from ledger.verify.case import OnLedger
from ledger.verify.sets import trusted_sets, verify_headers, verify_set


def validators_are_trusted(case: OnLedger) -> None:
    """Step 2: every header is of the trusted chain, and every set is a trusted one or was handed over to."""
    verify_headers(case.trust, _headers(case), what=case.what)
    sets = trusted_sets(case.trust, case.handovers)
    for block in case.blocks:
        verify_set(sets, block.next, block.validators)


def validators_signed(case: OnLedger) -> None:
    """Step 3: each commit carries more than two thirds of its set's power, every signature verifying."""
    for block in case.blocks:
        if block.commit.height != block.next.height:
            raise VerificationError(f"commit for height {block.commit.height}, expected {block.next.height}")
        verify_commit(block.commit, chain=case.trust.chain, validators=block.validators)


def headers_are_what_was_committed(case: OnLedger) -> None:
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


def entries_are_in_their_blocks(case: OnLedger) -> None:
    """Step 5: each entry leads to its block's `data_hash`."""
    for anchor in case.anchors:
        root = root_by_sides(entry_leaf(anchor.entry.data), anchor.sides, anchor.entry_path)
        if root != anchor.block.header.data_hash:
            raise VerificationError(f"entry {anchor.entry.id} is not in block {anchor.block.header.height}")


def entries_were_accepted(case: OnLedger) -> None:
    """Step 6: each entry's result is success (code 0): being in a block does not mean accepted."""
    for anchor in case.anchors:
        root = root_by_sides(result_leaf(0), anchor.sides, anchor.result_path)
        if root != anchor.block.next.last_results_hash:
            raise VerificationError(f"entry {anchor.entry.id} was not accepted in block {anchor.block.header.height}")


def _headers(case: OnLedger) -> Iterator[Header]:
    for block in case.blocks:
        yield block.header
        yield block.next
    for handover in case.handovers:
        yield handover.header
