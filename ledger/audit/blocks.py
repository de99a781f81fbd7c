"""One block against the one before it: hashes, links, commit, validators, entries and results. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from ledger import merkle
from ledger.audit.findings import ANOTHER_CHAIN, BLOCK, COMMIT, ENTRIES, VALIDATORS, Finding
from ledger.backends.base import Block
from ledger.blocks.commits import Commit, verify_commit
from ledger.blocks.contents import entry_leaf, result_leaf
from ledger.blocks.headers import Header
from ledger.blocks.validators import validators_hash
from ledger.errors import CodecError, VerificationError


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of a header that was looked at: its hash, and the commit for it.

    `whole`: the commit has every signature that there is, so that the hash of them can be compared.
    """

    header: Header
    hash: bytes
    commit: Commit | None
    whole: bool = False


def see(block: Block) -> Seen:
    """Return what the next block is compared with."""
    whole = len(block.commit.signatures) == len(block.validators)
    return Seen(block.next, block.next.hash(), block.commit, whole)


def check(block: Block, before: Seen, after: Seen, *, chain: str) -> Iterator[Finding]:
    """Yield what is wrong with a block.

    `before` is its header as the block before it showed it, `after` what it shows of the next one.
    """
    where = f"block {block.header.height}"
    if before.header != block.header:
        yield Finding(BLOCK, where, f"it has hash {block.header.hash().hex()}, the block before shows another header")
    if block.next.chain != chain or block.header.chain != chain:
        yield Finding(ANOTHER_CHAIN, where, f"it is of chain {block.next.chain!r}, expected {chain!r}")
    yield from _links(block, before, where)
    yield from _commit(block, before, after, where)
    yield from _contents(block, where)


def _links(block: Block, before: Seen, where: str) -> Iterator[Finding]:
    following = block.next
    if following.height != block.header.height + 1:
        yield Finding(BLOCK, where, f"the next header is of height {following.height}")
    if following.last_block_id.hash != before.hash:
        got, expected = before.hash.hex(), following.last_block_id.hash.hex()
        yield Finding(BLOCK, where, f"its header has hash {got}, the next header names {expected}")
    elif before.commit is not None and following.last_block_id != before.commit.block_id:
        yield Finding(BLOCK, where, "the next header names other parts of it than were committed")
    if following.time <= block.header.time:
        yield Finding(BLOCK, where, "the next header's time is not after its own")


def _commit(block: Block, before: Seen, after: Seen, where: str) -> Iterator[Finding]:
    following, commit, height = block.next, block.commit, block.next.height
    if commit.height != height or commit.block_id.hash != after.hash:
        got = f"height {commit.height}, hash {commit.block_id.hash.hex()}"
        yield Finding(COMMIT, f"block {height}", f"the commit is for {got}, its header has {after.hash.hex()}")
    if validators_hash(block.validators) != following.validators_hash:
        yield Finding(VALIDATORS, f"block {height}", "its header names another validator set than the one that signed")
    if following.validators_hash != block.header.next_validators_hash:
        yield Finding(VALIDATORS, f"block {height}", f"its validator set is not the one that {where} names as the next")
    try:
        verify_commit(commit, chain=following.chain, validators=block.validators)
    except (VerificationError, CodecError) as error:
        yield Finding(COMMIT, f"block {height}", str(error))
    if before.commit is not None and before.whole and following.last_commit_hash != before.commit.hash():
        yield Finding(COMMIT, where, "the next header names other signatures for it than are kept")


def _contents(block: Block, where: str) -> Iterator[Finding]:
    if len(block.entries) != len(block.codes):
        yield Finding(ENTRIES, where, f"it has {len(block.entries)} entries and {len(block.codes)} results")
    if merkle.root([entry_leaf(entry) for entry in block.entries]) != block.header.data_hash:
        yield Finding(ENTRIES, where, f"its {len(block.entries)} entries are not those that its header commits to")
    if merkle.root([result_leaf(code) for code in block.codes]) != block.next.last_results_hash:
        yield Finding(ENTRIES, where, "the results of its entries are not those that the next header commits to")
