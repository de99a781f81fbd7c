"""The ledger as a gateway sees it: one of several nodes, whichever answers. See `ledger.backends.base.Backend`.

An entry that was handed over and got lost is found missing by whoever keeps it (the gateway's outbox), and handed over
again. A node's word is not taken for what it can prove: blocks and proofs are verified before they are given.
"""

import base64
import threading
import time
from collections.abc import Sequence
from typing import Any

from ledger.backends.base import Block, Outcome, StateProof
from ledger.backends.cometbft import answers
from ledger.backends.cometbft.blocks import Blocks
from ledger.backends.cometbft.nodes import Nodes
from ledger.backends.cometbft.queries import OUTCOME, PROOFS, VALIDATORS
from ledger.backends.cometbft.rpc import RefusedCall
from ledger.blocks.handovers import Handover
from ledger.blocks.validators import Validator
from ledger.codec import canonical, unb64u
from ledger.entries import Entry, decode
from ledger.errors import LedgerError, Rejected, Unavailable
from ledger.state import Code
from ledger.trust import stated

AGAIN_SECONDS = 5.0
"""An entry is not sent to the same node again before: it waits there for a block."""
MOST_SENT = 20_000
TAKES_EFFECT = 2
"""A validator set serves from the next but one height after its entry's on."""
ALREADY_THERE = "tx already exists in cache"


class CometBFT:
    """A replicated ledger, seen through one node at a time."""

    engine = "cometbft"

    def __init__(self, addresses: Sequence[str], *, chain: str) -> None:
        """Use the nodes at these RPC addresses, `http(s)://host:port`, the first that answers first.

        Connects when it is first used; what cannot be reached then raises `Unavailable`.
        """
        self.chain = chain
        self._mutex = threading.RLock()
        self._nodes = Nodes(addresses, chain=chain)
        self._blocks = Blocks(self._nodes, chain=chain)
        self._sent: dict[str, tuple[float, object]] = {}

    def submit(self, entry: bytes) -> None:
        """See `Backend.submit`. Raises `Rejected`; `CodecError` if it is no entry; `Unavailable`."""
        decoded = decode(entry)
        with self._mutex:
            node = self._nodes.connection()
            sent = self._sent.get(decoded.id)
            if sent and sent[1] is node and time.monotonic() - sent[0] < AGAIN_SECONDS:
                return
            code, reason = self._broadcast(entry)
            if code:
                self._refused(decoded, code, reason)
            if len(self._sent) > MOST_SENT:
                self._sent.clear()
            self._sent[decoded.id] = (time.monotonic(), self._nodes.connection())

    def outcome(self, entry_id: str) -> Outcome | None:
        """See `Backend.outcome`. Raises `Unavailable`."""
        with self._mutex:
            self._blocks.read_new()
            found = self._blocks.outcome(entry_id)
            if found is None and not self._blocks.watches(entry_id):
                found = self._ask(entry_id)
            if found is not None:
                self._sent.pop(entry_id, None)
            return found

    def height(self) -> int:
        """See `Backend.height`. Raises `Unavailable`."""
        return self._nodes.height()

    def block(self, height: int) -> Block:
        """See `Backend.block`. Raises `Unavailable`; `VerificationError` if the node is lying."""
        with self._mutex:
            newest = self._nodes.height() - 1
            if not 1 <= height <= newest:
                raise LookupError(f"block {height} is not final; the newest final one is {newest}")
            return self._blocks.get(height)

    def prove(self, keys: Sequence[str], height: int) -> list[StateProof]:
        """See `Backend.prove`. Every height is provable that the node has seen itself."""
        with self._mutex:
            data = canonical(list(keys)).hex()
            answer = self._nodes.call("abci_query", path=PROOFS, data=data, height=str(height))
            return answers.proofs(answers.query(answer), keys, self._blocks.header(height).app_hash)

    def handovers(self, after: int) -> list[Handover]:
        """See `Backend.handovers`. Raises as `trust` does."""
        with self._mutex:
            changes = [(first - 1, members) for first, members in self._validator_sets()[1:]]
            return [Handover(*self._blocks.signed(height), members) for height, members in changes if height > after]

    def trust(self) -> dict[str, Any]:
        """See `Backend.trust`. The pinned block is the first of the present validators.

        Raises `LedgerError` if the node does not know the chain from its beginning.
        """
        with self._mutex:
            sets = self._validator_sets()
            return stated(chain=self.chain, engine=self.engine, sets=sets, pinned=self._blocks.header(sets[-1][0]))

    def close(self) -> None:
        """See `Backend.close`."""
        self._nodes.close()

    def _broadcast(self, entry: bytes) -> tuple[int, str]:
        """Hand an entry to a node; return the code and reason of its check."""
        try:
            answer = self._nodes.call("broadcast_tx_sync", tx=base64.b64encode(entry).decode())
        except RefusedCall as error:
            if ALREADY_THERE in error.detail:
                return 0, ""
            raise Unavailable(f"the node takes no entry for now: {error.detail}") from None
        return int(answer["code"]), str(answer["log"])

    def _refused(self, entry: Entry, code: int, reason: str) -> None:
        """Raise `Rejected`, unless the very entry was accepted before, or the node lags behind what is known."""
        if code == Code.REPEATED and self._stands(entry):
            return
        known = self._nodes.height()
        here = int(self._nodes.call("abci_info")["response"].get("last_block_height", 0))
        if here < known - 1:
            raise Unavailable(f"the node is at height {here}, expected {known - 1}: it has not caught up yet")
        code, reason = self._broadcast(entry.data)  # what it said before may have been from before it caught up
        if code:
            raise Rejected(code, reason)

    def _stands(self, entry: Entry) -> bool:
        """Say whether the block that accepted an entry's id holds this very entry."""
        found = self._where(entry.id)
        return found is not None and entry.data in self._blocks.entries(found[0])

    def _ask(self, entry_id: str) -> Outcome | None:
        """Ask for an entry that was not seen in a block; from then on it is looked for in new ones."""
        found = self._where(entry_id)
        if found is None:
            return None
        height, _ = found
        if height >= self._nodes.height():
            return None
        return self._blocks.find(entry_id, height)

    def _where(self, entry_id: str) -> tuple[int, int] | None:
        """Return height and code of an entry that stands in a block."""
        answer = self._nodes.call("abci_query", path=OUTCOME + entry_id)
        found = answers.query(answer)
        if found is None:
            self._blocks.watch(entry_id, int(answer["response"].get("height", 0)))
            return None
        return int(found["height"]), int(found["code"])

    def _validator_sets(self) -> list[tuple[int, tuple[Validator, ...]]]:
        """Return every validator set with the first height at which it serves."""
        history = answers.query(self._nodes.call("abci_query", path=VALIDATORS))
        if not history or history[0][0] != 0:
            raise LedgerError("this node began with a snapshot: ask one that knows the chain from its beginning")
        sets: dict[int, tuple[Validator, ...]] = {}
        for height, powers in history:
            members = [Validator(unb64u(key, size=32), power) for key, power in powers.items()]
            members.sort(key=lambda each: (-each.power, each.address))
            sets[height + TAKES_EFFECT if height else 1] = tuple(members)
        reached = self._nodes.height()
        return [(first, members) for first, members in sorted(sets.items()) if first <= reached]
