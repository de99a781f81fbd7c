"""An embedded ledger's SQLite file: blocks, entries, and the state and its tree seen as mappings."""

import fcntl
import json
import sqlite3
from collections.abc import Iterator, Mapping, MutableMapping
from pathlib import Path
from typing import Any

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
