"""The ABCI application driven as the engine drives it, without the engine."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ledger.backends.cometbft import messages
from ledger.backends.cometbft.app import Application
from ledger.backends.cometbft.peers import Peers
from ledger.backends.cometbft.snapshots import Snapshots
from ledger.backends.cometbft.store import Store
from ledger.codec import canonical
from tests.support.ledger import Operator


@dataclass
class Driven:
    """An application and its folder; `reopen` is what happens after it was killed."""

    folder: Path
    operator: Operator
    every: int = 1000
    app: Application = field(init=False)
    store: Store = field(init=False)

    def __post_init__(self) -> None:
        self.open()
        if not self.store.height:
            self.begin(self.operator.genesis())

    def open(self) -> None:
        self.store = Store(self.folder / "state.sqlite")
        self.snapshots = Snapshots(self.folder / "snapshots", self.store, every=self.every)
        self.app = Application(self.store, self.snapshots, Peers(self.folder / "peers.json"))

    def reopen(self) -> None:
        self.store.close()
        self.open()

    def begin(self, document: dict[str, Any], **changes: Any) -> Any:
        validator = self.operator.validator.private.public_key().public_bytes_raw()
        given = {
            "chain_id": self.operator.chain,
            "initial_height": 1,
            "app_state_bytes": canonical(document),
            "validators": [
                messages.new("ValidatorUpdate", pub_key=messages.new("PublicKey", ed25519=validator), power=10)
            ],
        }
        return self.app.init_chain(messages.new("RequestInitChain", **{**given, **changes}))

    def check(self, entry: bytes) -> Any:
        return self.app.check_tx(messages.new("RequestCheckTx", tx=entry))

    def execute(self, entries: Sequence[bytes], evidence: Sequence[Any] = ()) -> Any:
        height = self.store.height + 1
        request = messages.new("RequestFinalizeBlock", txs=entries, misbehavior=evidence, height=height)
        return self.app.finalize_block(request)

    def block(self, *entries: bytes, evidence: Sequence[Any] = ()) -> Any:
        """Execute and commit the next block; return what the engine is told of it."""
        told = self.execute(entries, evidence)
        self.app.commit(messages.new("RequestCommit"))
        while self.snapshots.go_on():
            continue
        return told

    def info(self) -> Any:
        return self.app.info(messages.new("RequestInfo", abci_version="2.0.0"))

    def query(self, path: str, **members: Any) -> Any:
        return self.app.query(messages.new("RequestQuery", path=path, **members))
