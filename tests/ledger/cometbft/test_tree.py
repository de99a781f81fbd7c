"""The nodes of a node's state in its SQLite file."""

import sqlite3
from collections.abc import Mapping

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger import smt
from ledger.backends.cometbft import tree
from ledger.backends.cometbft.tree import StoredTree, Tree

KEYS = st.text("abcdef/", max_size=3)
BLOCKS = st.lists(st.dictionaries(KEYS, st.none() | st.binary(max_size=4), max_size=20), max_size=6)


@pytest.mark.parametrize("kept", [0, 1_000_000])
@given(blocks=BLOCKS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_block_has_the_root_that_its_state_has_and_stays_provable(
    blocks: list[Mapping[str, bytes | None]], kept: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tree, "MOST_RECENT", kept)
    db = sqlite3.connect(":memory:")
    db.executescript(tree.TABLE)
    stored, root, state = StoredTree(db), smt.EMPTY, dict[str, bytes]()
    made = []
    for changes in blocks:
        new: dict[bytes, bytes] = {}
        root = smt.update(Tree(stored, new), root, changes)
        state = {key: value for key, value in {**state, **changes}.items() if value is not None}
        assert root == smt.update({}, smt.EMPTY, state)
        made.append((root, stored.add(root, new), state))
    for root, row, state in made:
        again = StoredTree(db, root, row)
        for key in {key for changes in blocks for key in changes}:
            proof = smt.prove(again, root, key)
            if key in state:
                smt.verify_member(key=key, value=state[key], proof=proof, root=root)
            else:
                smt.verify_absent(key=key, proof=proof, root=root)
    db.close()
