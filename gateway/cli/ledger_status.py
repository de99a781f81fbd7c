"""How a node of the ledger is."""

import tomllib
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

from ledger.backends.cometbft.layout import Home
from ledger.backends.cometbft.rpc import Connection
from ledger.blocks import times
from ledger.errors import LedgerError

STILL_SECONDS = 60.0


def observed(home: Home) -> dict[str, Any]:
    """Return how a node is. `state` is `well`, `catching up`, or `stands still`. Raises `Unavailable`."""
    with closing(Connection(rpc_address(home))) as node:
        said, peers = node.call("status"), node.call("net_info")
        members = node.call("validators")
    sync = said["sync_info"]
    age = (times.from_datetime(datetime.now(UTC)) - times.from_text(sync["latest_block_time"])) / times.NANO
    height = int(sync["latest_block_height"])
    still = age > STILL_SECONDS and height > 1  # the first block bears the genesis time, however long ago that was
    state = "catching up" if sync["catching_up"] else "stands still" if still else "well"
    return {
        "state": state,
        "chain": said["node_info"]["network"],
        "height": height,
        "block_age": f"{age:.0f} s",
        "app_hash": sync["latest_app_hash"],
        "peers": int(peers["n_peers"]),
        "validators": int(members["total"]),
        "power": int(said["validator_info"]["voting_power"]),
        "node": said["node_info"]["id"],
    }


def rpc_address(home: Home) -> str:
    """Return where a node's RPC listens. Raises `LedgerError` if the node belongs to no network yet."""
    file = home.config / "config.toml"
    if not file.is_file():
        raise LedgerError(f"{home.root} is no node of a network yet: tidegate ledger join makes it one")
    settings = tomllib.loads(file.read_text())
    return str(settings["rpc"]["laddr"]).replace("tcp://", "http://")
