"""Merkle trees (RFC 9162 section 2)."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import merkle
from ledger.errors import VerificationError

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "rfc6962_merkle.json").read_text())
LEAVES = [merkle.leaf_hash(bytes.fromhex(leaf)) for leaf in VECTORS["leaves"]]
TREES = st.integers(1, 70).flatmap(lambda size: st.tuples(st.just(size), st.integers(0, size - 1)))


def tree(size: int) -> list[bytes]:
    return [merkle.leaf_hash(bytes([n])) for n in range(size)]


@pytest.mark.parametrize("size", range(1, 9))
def test_roots_are_those_of_the_published_vectors(size: int) -> None:
    assert merkle.root(LEAVES[:size]).hex() == VECTORS["roots"][size - 1]


def test_the_empty_tree_has_the_digest_of_nothing() -> None:
    assert merkle.root([]).hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@given(TREES)
def test_every_leaf_is_proved_by_its_path(case: tuple[int, int]) -> None:
    size, index = case
    leaves = tree(size)
    path = merkle.inclusion_path(leaves, index)
    merkle.verify_inclusion(leaf=leaves[index], index=index, size=size, path=path, expected=merkle.root(leaves))
    assert merkle.root_by_sides(leaves[index], merkle.sides(size, index), path) == merkle.root(leaves)


@given(TREES, st.integers(0, 69))
def test_a_path_proves_no_other_index(case: tuple[int, int], other: int) -> None:
    size, index = case
    leaves = tree(size)
    if other == index or merkle.sides(size, other % size) == merkle.sides(size, index):
        return
    with pytest.raises(VerificationError):
        merkle.verify_inclusion(
            leaf=leaves[index],
            index=other,
            size=size,
            path=merkle.inclusion_path(leaves, index),
            expected=merkle.root(leaves),
        )


def test_a_path_of_the_wrong_length_is_refused() -> None:
    with pytest.raises(VerificationError, match=r"^inclusion path has 0 hashes, expected 1$"):
        merkle.verify_inclusion(leaf=LEAVES[0], index=0, size=2, path=[], expected=merkle.root(LEAVES[:2]))


def test_a_leaf_outside_the_tree_is_refused() -> None:
    with pytest.raises(VerificationError, match=r"^leaf 2 lies outside a tree of 2$"):
        merkle.verify_inclusion(leaf=LEAVES[0], index=2, size=2, path=[LEAVES[1]], expected=merkle.root(LEAVES[:2]))


def test_a_wrong_root_is_named_beside_the_right_one() -> None:
    with pytest.raises(
        VerificationError, match=rf"^inclusion path leads to root {LEAVES[0].hex()}, expected {'00' * 32}$"
    ):
        merkle.verify_inclusion(leaf=LEAVES[0], index=0, size=1, path=[], expected=bytes(32))


def test_sides_must_be_letters_as_many_as_hashes() -> None:
    with pytest.raises(VerificationError, match=r"^path has 1 hashes and 0 sides, expected as many$"):
        merkle.root_by_sides(LEAVES[0], "", [LEAVES[1]])
    with pytest.raises(VerificationError, match=r"^side 'X', expected L or R$"):
        merkle.root_by_sides(LEAVES[0], "X", [LEAVES[1]])
