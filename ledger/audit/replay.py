"""The state machine executed again, on a state and tree of its own that may be larger than memory."""

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from ledger import smt, state
from ledger.backends.store import TABLES, Nodes, StoredState
from ledger.blocks.validators import Validator, validators_hash
from ledger.codec import canonical, unb64u
from ledger.entries import Entry, decode
from ledger.errors import CodecError
from ledger.state import Code


class Replay:
    """A state to which blocks are applied in their order. Its file is temporary, and SQLite's own."""

    def __init__(self) -> None:
        self.db = sqlite3.connect("", isolation_level=None)
        self.db.executescript(f"PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-65536; {TABLES}")
        self.db.execute("BEGIN")
        self.state = StoredState(self.db)
        self.nodes = Nodes(self.db)
        self.root = smt.EMPTY
        self.whole_tree = True
        """Whether the tree holds the nodes of every earlier root too."""

    def begin(self, genesis: Mapping[str, Any]) -> None:
        """Take the first state. Raises `Rejected` if the genesis can be none."""
        self._change(state.genesis(genesis))

    def apply(self, height: int, entries: Sequence[bytes]) -> list[int]:
        """Execute the entries of the block at `height` and return their codes; one that is no entry is MALFORMED."""
        codes = []
        for data in entries:
            entry = _decoded(data)
            code, changes = state.apply(self.state, height, entry) if entry else (Code.MALFORMED, {})
            self._change(changes)
            codes.append(int(code))
        return codes

    def accept(self, height: int, entries: Sequence[bytes], codes: Sequence[int]) -> None:
        """Take over what a block's accepted entries changed, without judging them; `settle` says whether it was so.

        Raises `Rejected`, `KeyError` or `CodecError` if they can never have been accepted.
        """
        for data, code in zip(entries, codes, strict=True):
            if code == Code.OK:
                entry = decode(data)
                self.state.write(_values(state.effect(self.state, height, entry)))
        self.whole_tree = False

    def settle(self) -> bytes:
        """Return the root of what was taken over, and go on from there."""
        values = self.db.execute("SELECT key, value FROM state").fetchall()
        self.root = smt.update(self.nodes, smt.EMPTY, {key: value.encode() for key, value in values})
        return self.root

    def validators_hash(self) -> bytes:
        """Return the hash of the validator set that the state names, in CometBFT's order."""
        named = [Validator(unb64u(key), power) for key, power in self.state["validators"].items()]
        return validators_hash(sorted(named, key=lambda each: (-each.power, each.address)))

    def close(self) -> None:
        """Forget the state."""
        self.db.close()

    def _change(self, changes: state.Changes) -> None:
        values = _values(changes)
        self.state.write(values)
        self.root = smt.update(self.nodes, self.root, values)


def _decoded(data: bytes) -> Entry | None:
    try:
        return decode(data)
    except CodecError:
        return None


def _values(changes: state.Changes) -> dict[str, bytes | None]:
    return {key: None if value is None else canonical(value) for key, value in changes.items()}
