"""The nodes of the state's tree in SQLite, looked up by hash as `ledger.smt` does, from the root downwards.

Who looks for a node has just read the one above it, and its row names the rows of both below. So rows need no order:
they are only ever added at the end, and what a block writes does not scatter over the file as the state grows.
"""

import sqlite3
from collections.abc import Iterator, Mapping, MutableMapping

from ledger import smt

TABLE = """
CREATE TABLE IF NOT EXISTS nodes (
    id INTEGER PRIMARY KEY, node BLOB NOT NULL, left INTEGER, right INTEGER) STRICT;
"""
"""`left` and `right` are the rows of the nodes below an inner one; NULL where there is none."""
MOST_RECENT = 200_000
"""Nodes in memory, about 400 bytes each."""
_LEFT, _RIGHT = slice(1, 33), slice(33, 65)


class StoredTree(Mapping[bytes, bytes]):
    """The stored nodes that are reached from a root. Those that were read or written of late stay in memory."""

    def __init__(self, db: sqlite3.Connection, root: bytes = smt.EMPTY, row: int | None = None) -> None:
        self._db = db
        self._recent: dict[bytes, bytes] = {}
        self._rows: dict[bytes, int] = {}
        self._begin(root, row)

    def __getitem__(self, key: bytes) -> bytes:
        node = self._recent.get(key)
        if node is None:
            found = self._db.execute("SELECT node, left, right FROM nodes WHERE id = ?", (self._rows[key],)).fetchone()
            if found is None:
                raise KeyError(key.hex())
            node = self._recent[key] = bytes(found[0])
            if node[0] == 1:
                self._rows.update(zip((node[_LEFT], node[_RIGHT]), found[1:], strict=True))
        return node

    def __iter__(self) -> Iterator[bytes]:
        raise TypeError("nodes are looked up by their hash")

    def __len__(self) -> int:
        raise TypeError("nodes are looked up by their hash")

    def add(self, root: bytes, new: Mapping[bytes, bytes]) -> int | None:
        """Store new nodes, each after those below it, and go on from `root`; return its row, None for no node."""
        last: int = self._db.execute("SELECT coalesce(max(id), 0) FROM nodes").fetchone()[0]
        self._rows.update((digest, last + place) for place, digest in enumerate(new, start=1))
        rows = [(self._rows[digest], node, *self._below(node)) for digest, node in new.items()]
        self._db.executemany("INSERT INTO nodes VALUES (?, ?, ?, ?)", rows)
        self._recent.update(new)
        row = self._rows.get(root)
        if len(self._rows) > MOST_RECENT:
            self._begin(root, row)
        return row

    def _begin(self, root: bytes, row: int | None) -> None:
        self._recent.clear()
        self._rows.clear()
        if row is not None:
            self._rows[root] = row

    def _below(self, node: bytes) -> tuple[int | None, int | None]:
        if node[0] == 0:
            return None, None
        left, right = (None if each == smt.EMPTY else self._rows[each] for each in (node[_LEFT], node[_RIGHT]))
        return left, right


class Tree(MutableMapping[bytes, bytes]):
    """The stored nodes of the state's tree, and new ones beside them."""

    def __init__(self, stored: StoredTree, new: dict[bytes, bytes]) -> None:
        self._stored, self._new = stored, new

    def __getitem__(self, key: bytes) -> bytes:
        node = self._new.get(key)
        return self._stored[key] if node is None else node

    def __setitem__(self, key: bytes, node: bytes) -> None:
        self._new[key] = node

    def __delitem__(self, key: bytes) -> None:
        raise TypeError("nodes are kept")

    def __iter__(self) -> Iterator[bytes]:
        raise TypeError("nodes are looked up by their hash")

    def __len__(self) -> int:
        raise TypeError("nodes are looked up by their hash")
