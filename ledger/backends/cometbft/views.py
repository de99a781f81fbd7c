"""The state as a block that is executed sees it: what is stored, and what it changed."""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from typing import Any

from ledger.codec import canonical
from ledger.state import Changes

MOST_CACHED = 50_000


class Newest(Mapping[str, Mapping[str, Any]]):
    """The state after the last committed block. Values that were read stay in memory; nobody may change them."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._read: dict[str, Mapping[str, Any] | None] = {}

    def __getitem__(self, key: str) -> Mapping[str, Any]:
        if key not in self._read:
            row = self._db.execute(
                "SELECT value FROM state WHERE key = ? ORDER BY height DESC LIMIT 1", (key,)
            ).fetchone()
            self.take({key: json.loads(row[0]) if row and row[0] is not None else None})
        value = self._read[key]
        if value is None:
            raise KeyError(key)
        return value

    def __iter__(self) -> Iterator[str]:
        raise TypeError("the state is looked up key by key")

    def __len__(self) -> int:
        raise TypeError("the state is looked up key by key")

    def take(self, values: Mapping[str, Mapping[str, Any] | None]) -> None:
        """Remember values that are stored."""
        if len(self._read) + len(values) > MOST_CACHED:
            self._read.clear()
        self._read.update(values)

    def forget(self) -> None:
        """Forget what was read."""
        self._read.clear()


class Changed(Mapping[str, Mapping[str, Any]]):
    """A state, and what changed since."""

    def __init__(self, before: Mapping[str, Mapping[str, Any]]) -> None:
        self._before = before
        self.changes: Changes = {}

    def __getitem__(self, key: str) -> Mapping[str, Any]:
        if key not in self.changes:
            return self._before[key]
        value = self.changes[key]
        if value is None:
            raise KeyError(key)
        return value

    def __iter__(self) -> Iterator[str]:
        raise TypeError("the state is looked up key by key")

    def __len__(self) -> int:
        raise TypeError("the state is looked up key by key")

    def encoded(self) -> dict[str, bytes | None]:
        """Return what changed, in canonical form."""
        return {key: None if value is None else canonical(value) for key, value in sorted(self.changes.items())}
