"""A node's SQLite file: the state with all its former values, its tree, and the height that it is at.

Written once a block, in one transaction. The engine replays blocks that are lost, so `synchronous=NORMAL` will do.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from ledger import smt
from ledger.backends.cometbft.tree import TABLE, StoredTree, Tree
from ledger.backends.cometbft.views import Changed, Newest
from ledger.backends.store import Transaction
from ledger.codec import sha256
from ledger.errors import LedgerError

TABLES = """
CREATE TABLE IF NOT EXISTS roots (height INTEGER PRIMARY KEY, root BLOB NOT NULL, node INTEGER) STRICT;
CREATE TABLE IF NOT EXISTS state (
    key TEXT NOT NULL, height INTEGER NOT NULL, value TEXT, PRIMARY KEY (key, height)) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS refusals (
    entry_id TEXT NOT NULL, height INTEGER NOT NULL, place INTEGER NOT NULL, code INTEGER NOT NULL,
    PRIMARY KEY (entry_id, height, place)) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS misbehaviour (
    height INTEGER NOT NULL, validator BLOB NOT NULL, kind INTEGER NOT NULL, committed INTEGER NOT NULL,
    PRIMARY KEY (height, validator, kind)) STRICT, WITHOUT ROWID;
"""
"""`root` is the state's after the block at `height`, `node` its row among the nodes; a value
holds from its height on (NULL: removed)."""
Part = TypeVar("Part")
Refusal = tuple[str, int, int]
"""An entry's id, its place in the block, and its code."""
AT_ONCE = 50_000
"""Values of a state that is restored."""


@dataclass(frozen=True, slots=True)
class Misbehaviour:
    """What a validator (its address) is proved to have done at a height, and in which block the evidence stands."""

    validator: bytes
    kind: int
    height: int
    committed: int


@dataclass
class Block:
    """What a block does, until it is committed: changed values, new nodes of the tree, refused entries, evidence."""

    height: int
    state: Changed
    root: bytes
    encoded: Mapping[str, bytes | None] = field(default_factory=dict)
    nodes: dict[bytes, bytes] = field(default_factory=dict)
    refusals: list[Refusal] = field(default_factory=list)
    misbehaviour: list[Misbehaviour] = field(default_factory=list)


class Store:
    """The state at the last committed block, and what is needed to prove former ones."""

    def __init__(self, path: Path) -> None:
        """Open the file, or begin it. Raises `LedgerError` if what it holds does not fit together."""
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.executescript(f"PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; {TABLES}{TABLE}")
        self.state = Newest(self._db)
        row = self._db.execute("SELECT height, root, node FROM roots ORDER BY height DESC LIMIT 1").fetchone()
        self.height: int = row[0] if row else 0
        self.root = bytes(row[1]) if row else smt.EMPTY
        self._tree = StoredTree(self._db, self.root, row[2] if row else None)
        if self.height and sha256(self._tree.get(self.root, b"")) != self.root:
            raise LedgerError(f"{path} lacks the tree of its state at height {self.height}: remove it, to replay")

    def begin(self, height: int) -> Block:
        """Return the next block, in which nothing has changed yet."""
        return Block(height, Changed(self.state), self.root)

    def finish(self, block: Block) -> bytes:
        """Return the state's root after the block, and keep the nodes that it needs for `commit`."""
        block.encoded = block.state.encoded()
        block.root = smt.update(Tree(self._tree, block.nodes), self.root, block.encoded)
        return block.root

    def commit(self, block: Block) -> None:
        """Write a finished block: state, root and height, in one transaction."""
        with Transaction(self._db):
            self._write(block.height, block.encoded)
            self._db.executemany(
                "INSERT INTO refusals VALUES (?, ?, ?, ?)",
                [(entry_id, block.height, place, code) for entry_id, place, code in block.refusals],
            )
            self._db.executemany(
                "INSERT OR IGNORE INTO misbehaviour VALUES (?, ?, ?, ?)",
                [(each.height, each.validator, each.kind, each.committed) for each in block.misbehaviour],
            )
            self._close(block.height, block.root, self._tree.add(block.root, block.nodes))
        self.state.take(block.state.changes)
        self.height, self.root = block.height, block.root

    def restore(self, height: int, values: Iterable[tuple[str, str]], expected: bytes | None = None) -> bool:
        """Replace everything by a state: keys in order, with their values (JSON).

        Returns False, and changes nothing, if its root is not the one that is expected.
        """
        try:
            with Transaction(self._db):
                root, tree = self._replace(height, values)
                if expected not in (None, root):
                    raise _AnotherRoot
        except _AnotherRoot:
            return False
        finally:
            self.state.forget()
        self.height, self.root, self._tree = height, root, tree
        return True

    def prove(self, keys: Iterable[str], height: int) -> list[tuple[str, Mapping[str, Any] | None, smt.Proof]]:
        """Return values and proofs under the state's root after the block at `height`. Raises `LookupError`."""
        row = self._db.execute("SELECT root, node FROM roots WHERE height = ?", (height,)).fetchone()
        if row is None:
            raise LookupError(f"no state after block {height}; the newest is after {self.height}")
        root = bytes(row[0])
        nodes = StoredTree(self._db, root, row[1])
        return [(key, self.value(key, height), smt.prove(nodes, root, key)) for key in keys]

    def value(self, key: str, height: int) -> Mapping[str, Any] | None:
        """Return a key's value after the block at `height`, None if it had none."""
        row = self._db.execute(
            "SELECT value FROM state WHERE key = ? AND height <= ? ORDER BY height DESC LIMIT 1", (key, height)
        ).fetchone()
        return json.loads(row[0]) if row and row[0] is not None else None

    def history(self, key: str) -> list[tuple[int, Mapping[str, Any]]]:
        """Return a key's values with the heights from which they hold, rising (0: from the first state on)."""
        rows = self._db.execute("SELECT height, value FROM state WHERE key = ? ORDER BY height", (key,))
        return [(height, json.loads(value)) for height, value in rows if value is not None]

    def values(self, height: int, *, after: str, most: int) -> list[tuple[str, str]]:
        """Return at most so many keys above `after`, in order, with their values (JSON) after the block at `height`."""
        rows = self._db.execute(
            "SELECT key, max(height), value FROM state WHERE key > ? AND height <= ? GROUP BY key ORDER BY key LIMIT ?",
            (after, height, most),
        )
        return [(key, value) for key, _, value in rows]

    def refusal(self, entry_id: str) -> tuple[int, int] | None:
        """Return height and code of the last refusal of an entry that stood in a block."""
        row = self._db.execute(
            "SELECT height, code FROM refusals WHERE entry_id = ? ORDER BY height DESC LIMIT 1", (entry_id,)
        ).fetchone()
        return (row[0], row[1]) if row else None

    def misbehaviour(self) -> list[Misbehaviour]:
        """Return what validators are proved to have done, by height; of the blocks that this node executed itself."""
        rows = self._db.execute(
            "SELECT validator, kind, height, committed FROM misbehaviour ORDER BY height, validator"
        )
        return [Misbehaviour(bytes(validator), *numbers) for validator, *numbers in rows]

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def _replace(self, height: int, values: Iterable[tuple[str, str]]) -> tuple[bytes, StoredTree]:
        for table in ("roots", "state", "nodes", "refusals", "misbehaviour"):
            self._db.execute(f"DELETE FROM {table}")  # noqa: S608 - our own names
        leaves: list[smt.Leaf] = []
        for part in batched(values, AT_ONCE):
            encoded = {key: value.encode() for key, value in part}
            leaves += (smt.leaf_of(key, value) for key, value in encoded.items())
            self._write(height, encoded)
        root, row, tree = smt.EMPTY, None, StoredTree(self._db)
        for some in batched(sorted(leaves), AT_ONCE):
            new: dict[bytes, bytes] = {}
            root = smt.change(Tree(tree, new), root, some)
            row = tree.add(root, new)
        self._close(height, root, row)
        return root, tree

    def _write(self, height: int, values: Mapping[str, bytes | None]) -> None:
        rows = [(key, height, None if value is None else value.decode()) for key, value in values.items()]
        self._db.executemany("INSERT INTO state VALUES (?, ?, ?)", rows)

    def _close(self, height: int, root: bytes, row: int | None) -> None:
        self._db.execute("INSERT INTO roots VALUES (?, ?, ?)", (height, root, row))


class _AnotherRoot(Exception):  # noqa: N818 - ends a transaction
    """The state that was taken elsewhere is not the one that is expected."""


def batched(values: Iterable[Part], size: int) -> Iterator[list[Part]]:
    """Yield the values in lists of `size`."""
    rest = iter(values)
    while part := list(islice(rest, size)):
        yield part
