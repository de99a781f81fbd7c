"""The sparse Merkle map."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import smt
from ledger.errors import VerificationError

MAPS = st.dictionaries(st.text("abcdef/", max_size=4), st.binary(max_size=4), max_size=30)


def tree(values: dict[str, bytes]) -> tuple[dict[bytes, bytes], bytes]:
    nodes: dict[bytes, bytes] = {}
    return nodes, smt.update(nodes, smt.EMPTY, values)


@given(MAPS, st.randoms(use_true_random=False))
def test_the_root_depends_on_the_content_not_on_the_order(values: dict[str, bytes], random: object) -> None:
    keys = list(values)
    random.shuffle(keys)  # type: ignore[attr-defined]
    nodes: dict[bytes, bytes] = {}
    root = smt.EMPTY
    for key in keys:
        root = smt.update(nodes, root, {key: b"first"})
    for key in keys:
        root = smt.update(nodes, root, {key: values[key]})
    assert root == tree(values)[1]


@given(MAPS, st.sets(st.text("abcdef/", max_size=4)))
def test_removing_keys_leaves_the_tree_of_the_others(values: dict[str, bytes], gone: set[str]) -> None:
    nodes, root = tree(values)
    rest = {key: value for key, value in values.items() if key not in gone}
    assert smt.update(nodes, root, dict.fromkeys(gone)) == tree(rest)[1]


@given(MAPS, st.dictionaries(st.text("abcdef/", max_size=4), st.none() | st.binary(max_size=4), max_size=30))
def test_changes_at_once_make_the_tree_of_what_is_left_and_no_node_beside_it(
    values: dict[str, bytes], changes: dict[str, bytes | None]
) -> None:
    nodes, root = tree(values)
    before = set(nodes)
    after = {key: value for key, value in {**values, **changes}.items() if value is not None}
    fresh, expected = tree(after)
    assert smt.update(nodes, root, changes) == expected
    assert set(nodes) == before | set(fresh)


@given(MAPS, st.text("abcdef/", max_size=4))
def test_presence_and_absence_are_proved_and_neither_for_the_other(values: dict[str, bytes], key: str) -> None:
    nodes, root = tree(values)
    proof = smt.prove(nodes, root, key)
    if key in values:
        smt.verify_member(key=key, value=values[key], proof=proof, root=root)
        with pytest.raises(VerificationError):
            smt.verify_absent(key=key, proof=proof, root=root)
        with pytest.raises(VerificationError):
            smt.verify_member(key=key, value=values[key] + b"x", proof=proof, root=root)
    else:
        smt.verify_absent(key=key, proof=proof, root=root)
        with pytest.raises(VerificationError):
            smt.verify_member(key=key, value=b"", proof=proof, root=root)


def test_an_older_root_stays_provable() -> None:
    nodes, before = tree({"a": b"1", "b": b"2"})
    after = smt.update(nodes, before, {"a": b"3", "c": b"4"})
    smt.verify_member(key="a", value=b"1", proof=smt.prove(nodes, before, "a"), root=before)
    smt.verify_absent(key="c", proof=smt.prove(nodes, before, "c"), root=before)
    smt.verify_member(key="a", value=b"3", proof=smt.prove(nodes, after, "a"), root=after)


def test_a_wrong_root_is_named_beside_the_right_one() -> None:
    nodes, root = tree({"a": b"1"})
    proof = smt.prove(nodes, root, "a")
    expected = re.escape(f"state proof of 'a' leads to root {root.hex()}, expected {'00' * 32}")
    with pytest.raises(VerificationError, match=f"^{expected}$"):
        smt.verify_member(key="a", value=b"1", proof=proof, root=smt.EMPTY)


def test_a_leaf_elsewhere_does_not_prove_absence() -> None:
    values = {str(n): b"v" for n in range(50)}
    nodes, root = tree(values)
    stranger = next(
        smt.Proof(smt.prove(nodes, root, "0").siblings, (smt.path_of(key), smt.path_of(key)))
        for key in values
        if smt.path_of(key)[0] >> 7 != smt.path_of("0")[0] >> 7
    )
    with pytest.raises(VerificationError, match=r"^the other leaf does not stand where '0' would be$"):
        smt.verify_absent(key="0", proof=stranger, root=root)
