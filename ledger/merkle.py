"""Merkle trees as RFC 9162 section 2 has them (RFC 6962 hashes), also used by CometBFT for its block trees.

`path` is a list of sibling hashes from the leaf upwards. Where a tree's size is not signed, a path goes with its
`sides`, one letter a hash: `L` if the sibling stands left, `R` if right.
"""

import hashlib
from collections.abc import Sequence

from ledger.errors import VerificationError

EMPTY = hashlib.sha256(b"").digest()


def leaf_hash(data: bytes) -> bytes:
    """Return SHA-256(0x00 || data)."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return SHA-256(0x01 || left || right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root(leaves: Sequence[bytes]) -> bytes:
    """Return the root over leaf hashes; SHA-256 of nothing if there are none."""
    if not leaves:
        return EMPTY
    return _levels(leaves)[-1][0]


def inclusion_path(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """Return the sibling hashes of leaf `index`, from the leaf upwards. Raises `IndexError` outside the tree."""
    if not 0 <= index < len(leaves):
        raise IndexError(f"leaf {index} of {len(leaves)}")
    return _path(_levels(leaves), index)


def inclusion_paths(leaves: Sequence[bytes]) -> list[list[bytes]]:
    """Return the path of every leaf, as `inclusion_path` has it; the tree is built once."""
    levels = _levels(leaves)
    return [_path(levels, index) for index in range(len(leaves))]


def sides(size: int, index: int) -> str:
    """Return the sides of the siblings in the path of leaf `index` in a tree of `size` leaves, leaf upwards."""
    letters = []
    while size > 1:
        if index % 2:
            letters.append("L")
        elif index + 1 < size:
            letters.append("R")
        index, size = index // 2, (size + 1) // 2
    return "".join(letters)


def root_by_sides(leaf: bytes, letters: str, path: Sequence[bytes]) -> bytes:
    """Return the root that a leaf hash, its path and their sides lead to. Raises `VerificationError`."""
    if len(letters) != len(path):
        raise VerificationError(f"path has {len(path)} hashes and {len(letters)} sides, expected as many")
    for letter, sibling in zip(letters, path, strict=True):
        if letter not in ("L", "R"):
            raise VerificationError(f"side {letter!r}, expected L or R")
        leaf = node_hash(sibling, leaf) if letter == "L" else node_hash(leaf, sibling)
    return leaf


def verify_inclusion(*, leaf: bytes, index: int, size: int, path: Sequence[bytes], expected: bytes) -> None:
    """Raise `VerificationError` unless the leaf hash is at `index` in a tree of `size` leaves with root `expected`."""
    if not 0 <= index < size:
        raise VerificationError(f"leaf {index} lies outside a tree of {size}")
    letters = sides(size, index)
    if len(path) != len(letters):
        raise VerificationError(f"inclusion path has {len(path)} hashes, expected {len(letters)}")
    got = root_by_sides(leaf, letters, path)
    if got != expected:
        raise VerificationError(f"inclusion path leads to root {got.hex()}, expected {expected.hex()}")


def _path(levels: Sequence[Sequence[bytes]], index: int) -> list[bytes]:
    return [level[index >> depth ^ 1] for depth, level in enumerate(levels) if index >> depth ^ 1 < len(level)]


def _levels(leaves: Sequence[bytes]) -> list[Sequence[bytes]]:
    """Return the tree's levels, leaves first; the last node of an odd level rises as it is (RFC 9162 section 2.1.1)."""
    levels = [leaves]
    while len(levels[-1]) > 1:
        below = levels[-1]
        pairs = [node_hash(below[n], below[n + 1]) for n in range(0, len(below) - 1, 2)]
        levels.append([*pairs, below[-1]] if len(below) % 2 else pairs)
    return levels
