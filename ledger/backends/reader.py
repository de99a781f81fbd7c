"""An embedded ledger read beside the worker that has it open: no lock, no write, nothing held between two reads.

The file is in WAL mode: a reader sees whole transactions and keeps nobody waiting. The connection is read only, so it
never takes part in a checkpoint.
"""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Self

from ledger.audit.findings import Finding
from ledger.backends.base import Block
from ledger.backends.store import Blocks, Nodes, StoredState
from ledger.blocks.headers import Header
from ledger.blocks.validators import Validator
from ledger.errors import LedgerError

PATIENCE_SECONDS = 30.0


class EmbeddedReader:
    """What `ledger.backends.base.Backend` offers for reading, of the file at `path`, and its tables as they are."""

    engine = "embedded"
    silent: Mapping[str, str] = MappingProxyType({})
    """See `ledger.audit.chain.Source`: there are no nodes."""

    def __init__(self, path: Path, *, chain: str, validator: bytes) -> None:
        """Open the file; `validator` is the raw public key of the one validator. Raises `LedgerError`."""
        self.chain = chain
        self._validators = (Validator(validator, 10),)
        try:
            self.db = sqlite3.connect(
                f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None, timeout=PATIENCE_SECONDS
            )
            self.db.execute("SELECT 1 FROM blocks LIMIT 1").fetchall()
        except sqlite3.Error as error:
            raise LedgerError(f"{path}: {error}") from None
        self._blocks = Blocks(self.db)
        self.state = StoredState(self.db)
        self.nodes = Nodes(self.db)
        self._last: tuple[int, Header] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.db.close()

    def height(self) -> int:
        """See `Backend.height`."""
        return self._blocks.head()

    def block(self, height: int) -> Block:
        """See `Backend.block`. Raises `LookupError`, `CodecError` or `ValueError` for a block that is damaged."""
        header = self._header(height)
        following = self._header(height + 1)
        self._last = (height + 1, following)
        entries, codes = self._blocks.entries(height)
        return Block(
            header=header,
            next=following,
            commit=self._blocks.vote(height + 1),
            validators=self._validators,
            entries=entries,
            codes=codes,
        )

    def found(self) -> tuple[Finding, ...]:
        """Return nothing: a file is read as it is."""
        return ()

    def root(self, height: int) -> bytes:
        """Return what the file says is the state's root after the block at `height`."""
        return self._blocks.root(height)

    def entries_named(self, first: int, last: int) -> Iterator[tuple[int, str, bytes]]:
        """Yield (height, id as the file has it, entry) of the entries from `first` to below `last`."""
        statement = "SELECT height, entry_id, data FROM entries WHERE height >= ? AND height < ? ORDER BY height, place"
        yield from self.db.execute(statement, (first, last))

    @contextmanager
    def still(self) -> Iterator[int]:
        """Let nothing change for this connection until the block ends; give the newest height."""
        self.db.execute("BEGIN")
        try:
            yield self.height()
        finally:
            self.db.execute("ROLLBACK")

    def _header(self, height: int) -> Header:
        if self._last is not None and self._last[0] == height:
            return self._last[1]
        return self._blocks.header(height)
