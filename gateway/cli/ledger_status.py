"""How a node of the ledger is."""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

from ledger.backends.cometbft import answers, network
from ledger.backends.cometbft.layout import Home
from ledger.backends.cometbft.messages import MisbehaviorType
from ledger.backends.cometbft.queries import MISBEHAVIOUR, RULES
from ledger.backends.cometbft.rpc import Connection
from ledger.blocks import times
from ledger.errors import LedgerError

STILL_SECONDS = 60.0
DEEDS = {
    MisbehaviorType.DUPLICATE_VOTE: "signed twice",
    MisbehaviorType.LIGHT_CLIENT_ATTACK: "signed a header that the ledger has not",
}


def observed(home: Home) -> dict[str, Any]:
    """Return how a node is, which validators are proved to have signed twice, and which rules it goes by.

    `state` is `well`, `catching up`, or `stands still`. Raises `Unavailable`.
    """
    with closing(Connection(rpc_address(home))) as node:
        said, peers = node.call("status"), node.call("net_info")
        members = node.call("validators")
        proved = answers.query(node.call("abci_query", path=MISBEHAVIOUR))
        rules = answers.query(node.call("abci_query", path=RULES))
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
        "rules": rules,
        "misbehaviour": _named(proved, network.operators(network.read(home.network))),
    }


def lines(found: Mapping[str, Any]) -> Iterator[str]:
    """Yield for people what `observed` found, a line for each validator that misbehaved."""
    yield from (f"{name:14} {value}" for name, value in found.items() if name not in ("rules", "misbehaviour"))
    rules = found["rules"]
    yield f"{'rules':14} version {rules['active']}; this node's software knows those up to version {rules['known']}"
    if following := rules["next"]:
        late = "" if following["version"] <= rules["known"] else ": install software that knows it, or this node stops"
        yield f"{'upgrade':14} version {following['version']} begins at height {following['height']}{late}"
    for each in found["misbehaviour"]:
        who = f"validator {each['validator']} of {each['org'] or 'an organisation that joined later'}"
        did = f"{each['what']} at height {each['height']}"
        yield f"{'misbehaviour':14} {who} {did}; the evidence stands in block {each['committed']}"


def _named(proved: Sequence[Mapping[str, Any]], operators: Mapping[str, str]) -> list[dict[str, Any]]:
    return [
        {
            "org": operators.get(each["validator"], ""),
            "validator": each["validator"],
            "what": DEEDS.get(each["kind"], "misbehaved"),
            "height": each["height"],
            "committed": each["committed"],
        }
        for each in proved
    ]


def rpc_address(home: Home) -> str:
    """Return where a node's RPC listens. Raises `LedgerError` if the node belongs to no network yet."""
    file = home.config / "config.toml"
    if not file.is_file():
        raise LedgerError(f"{home.root} is no node of a network yet: tidegate ledger join makes it one")
    settings = tomllib.loads(file.read_text())
    return str(settings["rpc"]["laddr"]).replace("tcp://", "http://")
