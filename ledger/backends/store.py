"""An embedded ledger's SQLite file: blocks, entries, and the state and its tree seen as mappings."""

import fcntl
import json
import sqlite3
from collections.abc import Iterator, Mapping, MutableMapping
from pathlib import Path
from typing import Any

from ledger.blocks.commits import Commit
from ledger.blocks.headers import BlockId, Header
from ledger.errors import LedgerError

TABLES = """
CREATE TABLE IF NOT EXISTS blocks (
    height INTEGER PRIMARY KEY, header TEXT NOT NULL, id TEXT NOT NULL, vote TEXT NOT NULL, root BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS entries (
    height INTEGER NOT NULL, place INTEGER NOT NULL, entry_id TEXT NOT NULL UNIQUE, code INTEGER NOT NULL,
    data BLOB NOT NULL, PRIMARY KEY (height, place)) STRICT;
CREATE TABLE IF NOT EXISTS state (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS nodes (hash BLOB PRIMARY KEY, node BLOB NOT NULL) STRICT, WITHOUT ROWID;
"""
"""`vote` is the commit for the block; `root` is the state's after it."""


def connect(path: Path) -> sqlite3.Connection:
    """Open the file, durably: a commit is on disk when it returns (nothing would replay what is lost)."""
    db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
    db.executescript(f"PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; {TABLES}")
    return db


def lock_exclusively(path: Path) -> Any:  # noqa: ANN401 - an open file
    """Return an open file that no other process can lock. Raises `LedgerError` if one has."""
    file = path.with_name(path.name + ".lock").open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise LedgerError(f"{path} is open in another process; one worker at a time runs the embedded ledger") from None
    return file


class Transaction:
    """BEGIN, and COMMIT or ROLLBACK."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def __enter__(self) -> None:
        self._db.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if not kind:
                self._db.execute("COMMIT")
        finally:
            if self._db.in_transaction:  # SQLite has rolled back by itself after some failures, as of a full disk
                self._db.execute("ROLLBACK")


class Blocks:
    """The blocks and their entries. Raises `LookupError` for a block that is not there."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def head(self) -> int:
        """Return the newest height, 0 if there is none."""
        return int(self._db.execute("SELECT coalesce(max(height), 0) FROM blocks").fetchone()[0])

    def root(self, height: int) -> bytes:
        """Return the state's root after the block at `height`: the next header's app hash."""
        return bytes(self._column("root", height))

    def header(self, height: int) -> Header:
        """Return a block's header."""
        return Header.read(json.loads(self._column("header", height)))

    def id(self, height: int) -> BlockId:
        """Return a block's id."""
        return BlockId.read(json.loads(self._column("id", height)))

    def vote(self, height: int) -> Commit:
        """Return the commit for a block."""
        return Commit.read(json.loads(self._column("vote", height)))

    def entries(self, height: int) -> tuple[tuple[bytes, ...], tuple[int, ...]]:
        """Return the entries of a block in their order, and their codes."""
        rows = self._db.execute("SELECT data, code FROM entries WHERE height = ? ORDER BY place", (height,)).fetchall()
        return tuple(bytes(row[0]) for row in rows), tuple(row[1] for row in rows)

    def _column(self, column: str, height: int) -> Any:  # noqa: ANN401 - text or bytes
        row = self._db.execute(f"SELECT {column} FROM blocks WHERE height = ?", (height,)).fetchone()  # noqa: S608 - our own names
        if row is None:
            raise LookupError(f"the ledger has no block {height}")
        return row[0]


class StoredState(Mapping[str, Mapping[str, Any]]):
    """The newest state: JSON values by key."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def __getitem__(self, key: str) -> Mapping[str, Any]:
        row = self._db.execute("SELECT value FROM state WHERE key = ?", (key,)).fetchone()
        if row is None:
            raise KeyError(key)
        value: Mapping[str, Any] = json.loads(row[0])
        return value

    def __iter__(self) -> Iterator[str]:
        return (row[0] for row in self._db.execute("SELECT key FROM state ORDER BY key"))

    def __len__(self) -> int:
        return int(self._db.execute("SELECT count(*) FROM state").fetchone()[0])

    def write(self, values: Mapping[str, bytes | None]) -> None:
        """Set values (canonical JSON) by key; None removes."""
        for key, value in values.items():
            if value is None:
                self._db.execute("DELETE FROM state WHERE key = ?", (key,))
            else:
                self._db.execute("INSERT OR REPLACE INTO state VALUES (?, ?)", (key, value.decode()))


class Nodes(MutableMapping[bytes, bytes]):
    """The tree's nodes by hash; none is ever removed, so every older root keeps its tree."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def __getitem__(self, key: bytes) -> bytes:
        row = self._db.execute("SELECT node FROM nodes WHERE hash = ?", (key,)).fetchone()
        if row is None:
            raise KeyError(key.hex())
        return bytes(row[0])

    def __setitem__(self, key: bytes, node: bytes) -> None:
        self._db.execute("INSERT OR IGNORE INTO nodes VALUES (?, ?)", (key, node))

    def __delitem__(self, key: bytes) -> None:
        raise TypeError("nodes are kept")

    def __iter__(self) -> Iterator[bytes]:
        return (bytes(row[0]) for row in self._db.execute("SELECT hash FROM nodes"))

    def __len__(self) -> int:
        return int(self._db.execute("SELECT count(*) FROM nodes").fetchone()[0])
