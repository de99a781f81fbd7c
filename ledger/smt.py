"""The state's tree: a sparse Merkle map from SHA-256(key) to a value's hash, with proofs of presence and of absence.

A subtree that holds one key alone is that key's leaf, wherever it stands; an empty subtree is 32 zero bytes. So a tree
of n keys has about n inner nodes, and a proof about log2(n) siblings. Hashes:

- leaf:  SHA-256(0x00 || path || SHA-256(value)), where path is SHA-256(key)
- inner: SHA-256(0x01 || left || right), bit by bit of the path from its most significant one; 0 is left
- empty: 32 zero bytes

The tree is persistent: `update` returns a new root and only adds nodes to the store, so older roots stay provable.
"""

import hashlib
from bisect import bisect_left
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass

from ledger.errors import VerificationError

EMPTY = bytes(32)
DEPTH = 256
_HASH = 32
Nodes = MutableMapping[bytes, bytes]
"""Where nodes are kept: hash -> 0x00 || path || SHA-256(value), or 0x01 || left || right."""
Leaf = tuple[bytes, bytes | None]
"""A key's path, and its value's hash; None where there is none any more."""


def path_of(key: str) -> bytes:
    """Return the place of a key in the tree: SHA-256 of its UTF-8 form."""
    return hashlib.sha256(key.encode()).digest()


def _digest(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def _bit(path: bytes, depth: int) -> int:
    return path[depth >> 3] >> (7 - (depth & 7)) & 1


@dataclass(frozen=True, slots=True)
class Proof:
    """The siblings on a key's way, from the root downwards, and the leaf of another key met there, if any.

    `other` is (path, SHA-256 of value) of a leaf that stands where the key would be: it proves that the key is absent.
    """

    siblings: tuple[bytes, ...]
    other: tuple[bytes, bytes] | None = None


def update(nodes: Nodes, root: bytes, changes: Mapping[str, bytes | None]) -> bytes:
    """Return the root after `changes`, values by key; None removes a key.

    Adds the new tree's nodes to `nodes`, and no others.
    """
    return change(nodes, root, sorted(leaf_of(key, value) for key, value in changes.items()))


def leaf_of(key: str, value: bytes | None) -> Leaf:
    """Return what a change of a key is in the tree."""
    return path_of(key), None if value is None else _digest(value)


def change(nodes: Nodes, root: bytes, leaves: Sequence[Leaf]) -> bytes:
    """Return the root after these changes, by rising path and one for each, as `update` does."""
    return _change(nodes, root, leaves, 0)


def prove(nodes: Mapping[bytes, bytes], root: bytes, key: str) -> Proof:
    """Return the proof that `key` is in the tree, or that it is not."""
    path = path_of(key)
    siblings: list[bytes] = []
    while root != EMPTY:
        node = nodes[root]
        if node[0] == 0:
            found = (node[1 : 1 + _HASH], node[1 + _HASH :])
            return Proof(tuple(siblings), None if found[0] == path else found)
        left, right = node[1 : 1 + _HASH], node[1 + _HASH :]
        here, sibling = (right, left) if _bit(path, len(siblings)) else (left, right)
        siblings.append(sibling)
        root = here
    return Proof(tuple(siblings))


def verify_member(*, key: str, value: bytes, proof: Proof, root: bytes) -> None:
    """Raise `VerificationError` unless `key` has `value` in the tree with this root."""
    if proof.other is not None:
        raise VerificationError(f"the proof shows that {key!r} is absent, expected that it is there")
    path = path_of(key)
    _verify(path, _leaf(path, _digest(value)), proof.siblings, root, key)


def verify_absent(*, key: str, proof: Proof, root: bytes) -> None:
    """Raise `VerificationError` unless `key` is not in the tree with this root."""
    path = path_of(key)
    if proof.other is None:
        _verify(path, EMPTY, proof.siblings, root, key)
        return
    other, value = proof.other
    depth = len(proof.siblings)
    if other == path or any(_bit(other, place) != _bit(path, place) for place in range(depth)):
        raise VerificationError(f"the other leaf does not stand where {key!r} would be")
    _verify(path, _leaf(other, value), proof.siblings, root, key)


def _verify(path: bytes, node: bytes, siblings: Sequence[bytes], root: bytes, key: str) -> None:
    if len(siblings) > DEPTH:
        raise VerificationError(f"state proof of {key!r} has {len(siblings)} siblings, expected at most {DEPTH}")
    for depth in reversed(range(len(siblings))):
        sibling = siblings[depth]
        node = _inner(sibling, node) if _bit(path, depth) else _inner(node, sibling)
    if node != root:
        raise VerificationError(f"state proof of {key!r} leads to root {node.hex()}, expected {root.hex()}")


def _leaf(path: bytes, value: bytes) -> bytes:
    return _digest(b"\x00" + path + value)


def _inner(left: bytes, right: bytes) -> bytes:
    return _digest(b"\x01" + left + right)


def _keep(nodes: Nodes, node: bytes) -> bytes:
    digest = _digest(node)
    nodes[digest] = node
    return digest


def _join(nodes: Nodes, left: bytes, right: bytes) -> bytes:
    """Return the node above two subtrees: a leaf alone rises, so that each set of keys has one tree."""
    for here, sibling in ((left, right), (right, left)):
        if sibling == EMPTY and (here == EMPTY or nodes[here][0] == 0):
            return here
    return _keep(nodes, b"\x01" + left + right)


def _change(nodes: Nodes, root: bytes, changes: Sequence[Leaf], depth: int) -> bytes:
    """Return a subtree after changes in it, by rising path: each of its nodes is read and hashed once."""
    if len(changes) == 0:
        return root
    if len(changes) == 1:
        path, value = changes[0]
        return _remove(nodes, root, path, depth) if value is None else _put(nodes, root, path, value, depth)
    left = right = EMPTY
    if root != EMPTY:
        node = nodes[root]
        left, right = node[1 : 1 + _HASH], node[1 + _HASH :]
        if node[0] == 0:
            changes = changes if any(path == left for path, _ in changes) else sorted([*changes, (left, right)])
            left = right = EMPTY
    middle = bisect_left(changes, 1, key=lambda change: _bit(change[0], depth))
    left = _change(nodes, left, changes[:middle], depth + 1)
    return _join(nodes, left, _change(nodes, right, changes[middle:], depth + 1))


def _put(nodes: Nodes, root: bytes, path: bytes, value: bytes, depth: int) -> bytes:
    """Return the tree with the leaf put in. Goes down without recursion, then hashes its way up."""
    siblings: list[bytes] = []
    other: tuple[bytes, bytes] | None = None
    while root != EMPTY:
        node = nodes[root]
        if node[0] == 0:
            other = None if node[1 : 1 + _HASH] == path else (node[1 : 1 + _HASH], root)
            break
        left, right = node[1 : 1 + _HASH], node[1 + _HASH :]
        root, sibling = (right, left) if _bit(path, depth) else (left, right)
        siblings.append(sibling)
        depth += 1
    here = _keep(nodes, b"\x00" + path + value)
    if other is not None:
        while _bit(other[0], depth) == _bit(path, depth):
            siblings.append(EMPTY)
            depth += 1
        siblings.append(other[1])
        depth += 1
    for sibling in reversed(siblings):
        depth -= 1
        here = _keep(nodes, b"\x01" + (sibling + here if _bit(path, depth) else here + sibling))
    return here


def _remove(nodes: Nodes, root: bytes, path: bytes, depth: int) -> bytes:
    if root == EMPTY:
        return EMPTY
    node = nodes[root]
    if node[0] == 0:
        return EMPTY if node[1 : 1 + _HASH] == path else root
    left, right = node[1 : 1 + _HASH], node[1 + _HASH :]
    if _bit(path, depth):
        return _join(nodes, left, _remove(nodes, right, path, depth + 1))
    return _join(nodes, _remove(nodes, left, path, depth + 1), right)
