"""What a block holds: entries, their results, parts; hashed as CometBFT 0.38 does."""

from collections.abc import Sequence

from ledger import merkle
from ledger.blocks import wire
from ledger.blocks.commits import Commit
from ledger.blocks.headers import BlockId, Header
from ledger.codec import sha256

PART_BYTES = 65_536


def entry_leaf(entry: bytes) -> bytes:
    """Return the leaf of an entry in `data_hash`: the leaf hash of the entry's SHA-256."""
    return merkle.leaf_hash(sha256(entry))


def result_leaf(code: int) -> bytes:
    """Return the leaf of an entry's result in `last_results_hash`: of code alone; plain success is the empty leaf."""
    return merkle.leaf_hash(wire.integer(1, code))


def consensus_hash(*, max_bytes: int, max_gas: int) -> bytes:
    """Return SHA-256 of tendermint.types.HashedParams."""
    return sha256(wire.integer(1, max_bytes) + wire.integer(2, max_gas))


def block_id(header: Header, entries: Sequence[bytes], last_commit: Commit | None) -> BlockId:
    """Return the id of a block without evidence of misbehaviour: header hash, and its bytes cut into 64 KiB parts."""
    body = (
        wire.message(1, header.proto())
        + wire.message(2, b"".join(wire.message(1, entry) for entry in entries))
        + wire.message(3, b"")
        + wire.message(4, last_commit.proto() if last_commit else wire.message(3, BlockId().proto()))
    )
    parts = [body[start : start + PART_BYTES] for start in range(0, len(body), PART_BYTES)]
    return BlockId(header.hash(), len(parts), merkle.root([merkle.leaf_hash(part) for part in parts]))
