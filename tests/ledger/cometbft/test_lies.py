"""What a node says is found out if it is not so: real blocks, changed as a lying node might give them."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from ledger.backends.base import Block
from ledger.backends.cometbft import answers
from ledger.blocks.commits import CommitSignature
from ledger.errors import VerificationError
from tests.support.nodes import Network

Lie = Callable[[Block], Block]


def voted(block: Block, *signatures: CommitSignature) -> Block:
    return replace(block, commit=replace(block.commit, signatures=signatures))


def forged(block: Block) -> Block:
    first, *others = block.commit.signatures
    return voted(block, replace(first, signature=bytes(64)), *others)


LIES: dict[str, Lie] = {
    r"block \d+: the node gave other entries than were committed to": lambda block: replace(
        block, entries=(*block.entries, b"{}"), codes=(*block.codes, 0)
    ),
    r"block \d+: the node gave other results than were committed to": lambda block: replace(block, codes=(7,)),
    r"block \d+: the node gave other header than were committed to": lambda block: replace(
        block, header=replace(block.header, time=block.header.time + 1)
    ),
    r"header \d+: the commit is for another header, or of another chain": lambda block: replace(
        block, next=replace(block.next, app_hash=bytes(32))
    ),
    r"header \d+: the validators are not those that it names": lambda block: replace(
        block, validators=block.validators[:3]
    ),
    r"signature of validator [0-9a-f]{40} does not verify": forged,
    r"commit carries power 20 of 40, expected more than two thirds": lambda block: voted(
        block, *block.commit.signatures[:2]
    ),
}


def check(block: Block, chain: str) -> None:
    answers.check_signed(block.next, block.commit, block.validators, chain=chain)
    answers.check_block(block)


@pytest.mark.parametrize("reason", LIES)
def test_a_block_that_a_node_lies_about_is_refused(network: Network, reason: str) -> None:
    block = network.ledger.block(network.grow())
    check(block, network.operator.chain)
    with pytest.raises(VerificationError, match=f"^{reason}$"):
        check(LIES[reason](block), network.operator.chain)
