"""The ABCI application: what the engine asks of the state machine, from the check of an entry to the commit of a block.

Each method answers one kind of request. Nothing is written before `commit`: a block that was executed and not committed
is executed again.
"""

import logging
import time
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from ledger import state
from ledger.backends import genesis as genesis_form
from ledger.backends.cometbft import messages
from ledger.backends.cometbft.messages import ApplySnapshotChunkResult, OfferSnapshotResult, ProposalStatus
from ledger.backends.cometbft.peers import Peers
from ledger.backends.cometbft.queries import answer
from ledger.backends.cometbft.snapshots import Arriving, Snapshots
from ledger.backends.cometbft.store import Block, Misbehaviour, Store
from ledger.blocks.headers import APP_PROTOCOL
from ledger.codec import canonical, unb64u
from ledger.entries import decode
from ledger.errors import CodecError, LedgerError, Rejected
from ledger.state import Code, View, rules

ABCI = "2.0.0"
MOST_DECODED = 4096
_log = logging.getLogger(__name__)

_decode = lru_cache(MOST_DECODED)(decode)
"""An entry is read once: when it is checked. Its signatures too are verified once (`ledger.state.signers`)."""


class Application:
    """The state machine behind ABCI. Requests are answered one at a time, whatever connection they come by."""

    def __init__(self, store: Store, snapshots: Snapshots, peers: Peers) -> None:
        self._store, self._snapshots, self._peers = store, snapshots, peers
        self._block: Block | None = None
        self._arriving: Arriving | None = None
        self.moved_at = time.monotonic()
        """When the height last moved."""

    def info(self, request: Any) -> Any:  # noqa: ANN401 - as all messages
        """Say at which height the state is; the engine replays what it lacks."""
        self._check_known()
        if not request.abci_version.startswith("2.0."):
            raise LedgerError(f"the engine speaks ABCI {request.abci_version}, expected {ABCI}")
        return messages.new(
            "ResponseInfo",
            data="tidegate",
            app_version=APP_PROTOCOL,
            last_block_height=self._store.height,
            last_block_app_hash=self._store.root if self._store.height else b"",
        )

    def init_chain(self, request: Any) -> Any:  # noqa: ANN401
        """Begin the chain with the genesis that the founders agreed on."""
        document = genesis_form.read(request.app_state_bytes)
        if document["chain"] != request.chain_id or request.initial_height != 1:
            raise LedgerError(f"genesis is of chain {document['chain']!r}, the engine's is {request.chain_id!r}")
        values = state.genesis(document)
        engine = {each.pub_key.ed25519: each.power for each in request.validators}
        if engine != _powers(values["validators"]):
            raise LedgerError("genesis names other validators than the engine's")
        self._store.restore(0, [(key, canonical(value).decode()) for key, value in sorted(values.items())])
        return messages.new("ResponseInitChain", app_hash=self._store.root)

    def check_tx(self, request: Any) -> Any:  # noqa: ANN401
        """Say whether an entry would be accepted in the next block."""
        code, reason, _ = _deliver(self._store.state, self._store.height + 1, request.tx)
        return messages.new("ResponseCheckTx", code=code, log=reason)

    def prepare_proposal(self, request: Any) -> Any:  # noqa: ANN401
        """Propose the entries as they came: those that are refused then stand in the block with their code."""
        self._check_known()
        return messages.new("ResponsePrepareProposal", txs=request.txs)

    def process_proposal(self, _request: Any) -> Any:  # noqa: ANN401
        """Accept every proposal: an entry is judged when it is delivered."""
        self._check_known()
        return messages.new("ResponseProcessProposal", status=ProposalStatus.ACCEPT)

    def finalize_block(self, request: Any) -> Any:  # noqa: ANN401
        """Execute a block, and say what became of each entry."""
        if request.height != self._store.height + 1:
            raise LedgerError(f"block {request.height} was delivered, expected {self._store.height + 1}")
        self._check_known()
        block = self._store.begin(request.height)
        results = [messages.new("ExecTxResult", code=code, log=log) for code, log in _execute(block, request.txs)]
        block.misbehaviour += _misbehaviour(request)
        root = self._store.finish(block)
        self._block = block
        return messages.new(
            "ResponseFinalizeBlock",
            tx_results=results,
            validator_updates=_updates(self._store.state, block.state),
            app_hash=root,
        )

    def commit(self, _request: Any) -> Any:  # noqa: ANN401
        """Write the block that was executed."""
        if self._block is None:
            raise LedgerError("commit without a block")
        self._store.commit(self._block)
        self._block = None
        self.moved_at = time.monotonic()
        self._snapshots.take_if_due(self._store.height)
        return messages.new("ResponseCommit")

    def query(self, request: Any) -> Any:  # noqa: ANN401
        """Answer a question about the state, or whether a peer may connect."""
        return answer(request, self._store, self._peers)

    def list_snapshots(self, _request: Any) -> Any:  # noqa: ANN401
        """List what a node that joins can begin with."""
        return messages.new("ResponseListSnapshots", snapshots=self._snapshots.listed())

    def load_snapshot_chunk(self, request: Any) -> Any:  # noqa: ANN401
        """Return a part of a snapshot; an empty one if there is none."""
        return messages.new(
            "ResponseLoadSnapshotChunk", chunk=self._snapshots.chunk(request.height, request.format, request.chunk)
        )

    def offer_snapshot(self, request: Any) -> Any:  # noqa: ANN401
        """Take a snapshot that is in order in itself; `app_hash` was verified by the engine's light client."""
        try:
            self._arriving = Arriving(request.snapshot, request.app_hash)
        except CodecError:
            return messages.new("ResponseOfferSnapshot", result=OfferSnapshotResult.REJECT)
        return messages.new("ResponseOfferSnapshot", result=OfferSnapshotResult.ACCEPT)

    def apply_snapshot_chunk(self, request: Any) -> Any:  # noqa: ANN401
        """Take a part; after the last, the state is replaced if it has the root that the chain says."""
        if self._arriving is None:
            raise LedgerError("a part of a snapshot that was not offered")
        if not self._arriving.take(request.index, request.chunk):
            return messages.new(
                "ResponseApplySnapshotChunk",
                result=ApplySnapshotChunkResult.RETRY,
                refetch_chunks=[request.index],
                reject_senders=[request.sender],
            )
        result = ApplySnapshotChunkResult.ACCEPT
        if self._arriving.complete and not self._arriving.restore(self._store):
            result = ApplySnapshotChunkResult.REJECT_SNAPSHOT
        return messages.new("ResponseApplySnapshotChunk", result=result)

    def _check_known(self) -> None:
        """Raise `NewerRules` if the next block cannot be executed: this node then has no vote on it either."""
        rules.check_known(self._store.state, self._store.height + 1)


def _misbehaviour(request: Any) -> Iterator[Misbehaviour]:  # noqa: ANN401 - a message
    """Yield what the evidence in a block proves, and say so: it is for the organisations to act upon."""
    for each in request.misbehavior:
        found = Misbehaviour(each.validator.address, each.type, each.height, request.height)
        _log.warning("validator %s signed twice at height %d", found.validator.hex().upper(), found.height)
        yield found


def _execute(block: Block, entries: Any) -> Iterator[tuple[Code, str]]:  # noqa: ANN401 - a message's repeated field
    for place, data in enumerate(entries):
        code, reason, changes = _deliver(block.state, block.height, data)
        block.state.changes.update(changes)
        if code and (entry_id := _id_of(data)):
            block.refusals.append((entry_id, place, int(code)))
        yield code, reason


def _deliver(view: View, height: int, data: bytes) -> tuple[Code, str, state.Changes]:
    """Return an entry's code, the reason if it is refused, and its changes."""
    try:
        return Code.OK, "", state.check(view, height, _decode(data))
    except CodecError as error:
        return Code.MALFORMED, str(error), {}
    except Rejected as rejected:
        return Code(rejected.code), rejected.message, {}


def _id_of(data: bytes) -> str | None:
    try:
        return _decode(data).id
    except CodecError:
        return None


def _powers(values: Any) -> dict[bytes, int]:  # noqa: ANN401 - a value of the state
    return {unb64u(key): power for key, power in values.items()}


def _updates(before: View, after: View) -> list[Any]:
    """Return the validators whose power is another one, each once; they serve from the next but one height on."""
    old, new = _powers(before["validators"]), _powers(after["validators"])
    changed = sorted(key for key in old.keys() | new.keys() if old.get(key, 0) != new.get(key, 0))
    return [
        messages.new("ValidatorUpdate", pub_key=messages.new("PublicKey", ed25519=key), power=new.get(key, 0))
        for key in changed
    ]
