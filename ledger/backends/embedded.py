"""The embedded ledger: the same state machine and block format as under CometBFT, signed by one local validator.

One SQLite file, one connection, one process (a lock on the file refuses a second). `submit` writes block H with the
entry and the empty block H+1 that makes H final, in one transaction that is on disk before it returns.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger import merkle, smt, state
from ledger.backends import genesis as genesis_form
from ledger.backends.base import Block, Outcome, StateProof
from ledger.backends.store import Blocks, Nodes, StoredState, Transaction, connect, lock_exclusively
from ledger.blocks import times
from ledger.blocks.commits import Commit, CommitSignature
from ledger.blocks.contents import block_id, consensus_hash, entry_leaf, result_leaf
from ledger.blocks.handovers import Handover
from ledger.blocks.headers import BlockId, Header
from ledger.blocks.validators import Validator, validators_hash
from ledger.codec import canonical
from ledger.entries import Entry, decode
from ledger.errors import LedgerError, Rejected
from ledger.state import rules
from ledger.trust import stated

MAX_BYTES = 2_097_152
MILLISECOND = 1_000_000


class Embedded:
    """A ledger in one file, of one operator's word. See `ledger.backends.base.Backend`."""

    engine = "embedded"

    def __init__(
        self,
        path: Path,
        *,
        genesis: Mapping[str, Any],
        validator_key: Ed25519PrivateKey,
        clock: Callable[[], datetime],
    ) -> None:
        """Open the ledger at `path`, or begin it with `genesis`.

        Raises `LedgerError` if another process has it open, if it is another chain's or validator's, or if its state
        is not what its last block says; `NewerRules`.
        """
        genesis_form.check(genesis)
        self.chain: str = genesis["chain"]
        self._key = validator_key
        self._clock = clock
        self._mutex = threading.Lock()
        self._validators = (Validator(validator_key.public_key().public_bytes_raw(), 10),)
        self._lock_file = lock_exclusively(path)
        self._db = connect(path)
        self._blocks = Blocks(self._db)
        self._state = StoredState(self._db)
        self._nodes = Nodes(self._db)
        try:
            if self._blocks.head() == 0:
                self._begin(genesis)
            self._check_intact()
        except BaseException:
            self.close()
            raise

    def submit(self, entry: bytes) -> None:
        """See `Backend.submit`. Raises `Rejected`; `CodecError` if it is no entry."""
        decoded = decode(entry)
        with self._mutex:
            known = self._db.execute("SELECT 1 FROM entries WHERE entry_id = ? AND data = ?", (decoded.id, entry))
            if known.fetchone():
                return
            self._refuse(decoded)
            state.check(self._state, self._blocks.head() + 1, decoded)
            with Transaction(self._db):
                self._produce([entry])
                self._produce([])

    def outcome(self, entry_id: str) -> Outcome | None:
        """See `Backend.outcome`."""
        with self._mutex:
            row = self._db.execute("SELECT height, place, code FROM entries WHERE entry_id = ?", (entry_id,)).fetchone()
        return Outcome(*row) if row else None

    def height(self) -> int:
        """See `Backend.height`."""
        with self._mutex:
            return self._blocks.head()

    def block(self, height: int) -> Block:
        """See `Backend.block`."""
        with self._mutex:
            if not 1 <= height < self._blocks.head():
                raise LookupError(f"block {height} is not final; the newest final one is {self._blocks.head() - 1}")
            entries, codes = self._blocks.entries(height)
            return Block(
                header=self._blocks.header(height),
                next=self._blocks.header(height + 1),
                commit=self._blocks.vote(height + 1),
                validators=self._validators,
                entries=entries,
                codes=codes,
            )

    def prove(self, keys: Sequence[str], height: int) -> list[StateProof]:
        """See `Backend.prove`. Only the newest height is provable."""
        with self._mutex:
            if height != self._blocks.head():
                raise LookupError(f"the state at height {height} is gone; the newest height is {self._blocks.head()}")
            root = self._blocks.header(height).app_hash
            return [StateProof(key, self._state.get(key), smt.prove(self._nodes, root, key)) for key in keys]

    def handovers(self, after: int) -> list[Handover]:  # noqa: ARG002 - the protocol's argument
        """See `Backend.handovers`: the one validator is for good."""
        return []

    def trust(self) -> dict[str, Any]:
        """See `Backend.trust`. The pinned block is the first."""
        with self._mutex:
            first = self._blocks.header(1)
        return stated(chain=self.chain, engine=self.engine, sets=[(1, self._validators)], pinned=first)

    def close(self) -> None:
        """See `Backend.close`."""
        with self._mutex:
            self._db.close()
            self._lock_file.close()

    def _begin(self, genesis: Mapping[str, Any]) -> None:
        with Transaction(self._db):
            root = self._change(smt.EMPTY, state.genesis(genesis))
            self._write(self._next_header([], [], root, previous=None), [], [], root)

    def _produce(self, entries: Sequence[bytes]) -> None:
        """Write the next block. An entry that the state machine does not accept stands in it with its code."""
        height = self._blocks.head() + 1
        rules.check_known(self._state, height)
        before = self._blocks.root(height - 1)
        root, codes = before, []
        for entry in entries:
            code, changes = state.apply(self._state, height, decode(entry))
            root = self._change(root, changes)
            codes.append(int(code))
        header = self._next_header(entries, self._blocks.entries(height - 1)[1], before, previous=height - 1)
        self._write(header, entries, codes, root)

    def _next_header(
        self, entries: Sequence[bytes], results: Sequence[int], root: bytes, *, previous: int | None
    ) -> Header:
        now = times.from_datetime(self._clock()) // MILLISECOND * MILLISECOND
        last = self._blocks.header(previous) if previous else None
        hashed = validators_hash(self._validators)
        return Header(
            chain=self.chain,
            height=(previous or 0) + 1,
            time=max(now, last.time + MILLISECOND) if last else now,
            last_block_id=self._blocks.id(previous) if previous else BlockId(),
            last_commit_hash=self._blocks.vote(previous).hash() if previous else merkle.EMPTY,
            data_hash=merkle.root([entry_leaf(entry) for entry in entries]),
            validators_hash=hashed,
            next_validators_hash=hashed,
            consensus_hash=consensus_hash(max_bytes=MAX_BYTES, max_gas=-1),
            app_hash=root,
            last_results_hash=merkle.root([result_leaf(code) for code in results]),
            evidence_hash=merkle.EMPTY,
            proposer_address=self._validators[0].address,
        )

    def _write(self, header: Header, entries: Sequence[bytes], codes: Sequence[int], root: bytes) -> None:
        last = self._blocks.vote(header.height - 1) if header.height > 1 else None
        identity = block_id(header, entries, last)
        unsigned = Commit(header.height, 0, identity, ())
        signature = self._key.sign(unsigned.sign_bytes(self.chain, header.time))
        own = CommitSignature(self._validators[0].address, header.time, signature)
        vote = Commit(header.height, 0, identity, (own,))
        self._db.execute(
            "INSERT INTO blocks VALUES (?, ?, ?, ?, ?)",
            (header.height, _text(header.json()), _text(identity.json()), _text(vote.json()), root),
        )
        self._db.executemany(
            "INSERT INTO entries VALUES (?, ?, ?, ?, ?)",
            [
                (header.height, place, decode(entry).id, code, entry)
                for place, (entry, code) in enumerate(zip(entries, codes, strict=True))
            ],
        )

    def _change(self, root: bytes, changes: state.Changes) -> bytes:
        values = {key: None if value is None else canonical(value) for key, value in changes.items()}
        self._state.write(values)
        return smt.update(self._nodes, root, values)

    def _refuse(self, entry: Entry) -> None:
        """Refuse what would stop this ledger, on which no other node depends."""
        if entry.type == "validator.set":
            raise Rejected(state.Code.WRONG_STATE, "an embedded ledger has one validator for good")
        if entry.type == "rules.activate" and entry.body["version"] > rules.NEWEST:
            raise Rejected(
                state.Code.WRONG_STATE,
                f"rules of version {entry.body['version']} would stop this ledger: its software knows those up to"
                f" version {rules.NEWEST}",
            )

    def _check_intact(self) -> None:
        header = self._blocks.header(self._blocks.head())
        if header.chain != self.chain or header.validators_hash != validators_hash(self._validators):
            raise LedgerError(f"the ledger file is chain {header.chain!r} or has another validator, not {self.chain!r}")
        if header.app_hash != self._blocks.root(max(header.height - 1, 1)) or header.app_hash not in self._nodes:
            raise LedgerError("the ledger file's state is not what its last block says: restore it from a backup")
        rules.check_known(self._state, header.height + 1)


def _text(value: Mapping[str, Any]) -> str:
    return canonical(value).decode()
