"""What the commands of a ledger's node do."""

import tomllib
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from gateway import keys
from gateway.cli.faults import USAGE, CommandError
from gateway.cli.output import write_private
from gateway.cli.runtime import ledger_keys
from ledger import trust
from ledger.backends.cometbft import network
from ledger.backends.cometbft.client import CometBFT
from ledger.backends.cometbft.config import StateSync
from ledger.backends.cometbft.layout import Home
from ledger.backends.cometbft.rpc import Connection
from ledger.blocks import times

STILL_SECONDS = 60.0
RPC_SERVERS = 2
KEY_FILE = "organisation.pem"


def make_node(home: Home, org: str, address: str, folder: Path | None) -> str:
    """Make a node and return its card's place; registered are a gateway's keys, or a new one for entries."""
    if folder is not None:
        network.prepare(home, org=org, address=address, org_keys=ledger_keys(keys.load(folder)))
        return str(home.card)
    key = Ed25519PrivateKey.generate()
    named = keys.signing_key(key)
    registered = {"kid": named.kid, "usage": "entries", "public_key": named.public}
    network.prepare(home, org=org, address=address, org_keys=[registered])
    content = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    write_private(home.root / KEY_FILE, content)
    return str(home.card)


def state_sync(block: str | None, servers: Sequence[str]) -> StateSync | None:
    """Return where to begin, from the options of a command. Raises `CommandError`."""
    if block is None:
        return None
    height, _, block_hash = block.partition(":")
    if not height.isdigit() or not block_hash or len(servers) < RPC_SERVERS:
        raise CommandError(f"--trust HEIGHT:HASH needs --rpc-server {RPC_SERVERS} times", code=USAGE)
    return StateSync(rpc_servers=servers, height=int(height), block_hash=block_hash)


def observed(home: Home) -> dict[str, Any]:
    """Return how a node is. `state` is `well`, `catching up`, or `stands still`. Raises `Unavailable`."""
    with closing(Connection(rpc_address(home))) as node:
        said, peers = node.call("status"), node.call("net_info")
        members = node.call("validators")
    sync = said["sync_info"]
    age = (times.from_datetime(datetime.now(UTC)) - times.from_text(sync["latest_block_time"])) / times.NANO
    state = "catching up" if sync["catching_up"] else "stands still" if age > STILL_SECONDS else "well"
    return {
        "state": state,
        "chain": said["node_info"]["network"],
        "height": int(sync["latest_block_height"]),
        "block_age": f"{age:.0f} s",
        "app_hash": sync["latest_app_hash"],
        "peers": int(peers["n_peers"]),
        "validators": int(members["total"]),
        "power": int(said["validator_info"]["voting_power"]),
        "node": said["node_info"]["id"],
    }


def sign_trust(home: Home, file: Path, key_file: Path | None) -> Iterator[str]:
    """Begin or countersign a trust file; yield what is to be told."""
    card, founding = network.read(home.card), network.read(home.network)["genesis"]
    key = keys.signing_key(keys.read_ed25519(key_file or home.root / KEY_FILE))
    organisations = [
        {"org": each["org"], "keys": [one for one in each["keys"] if one["usage"] == "entries"]}
        for each in founding["organisations"]
        if each["governs"]
    ]
    with closing(CometBFT([rpc_address(home)], chain=founding["chain"])) as ledger:
        statement = ledger.trust()
    before = file.read_bytes() if file.exists() else None
    content = trust.countersign(before, statement, organisations, (card["org"], key.kid, key.private))
    missing = trust.lacking(content)
    if not missing:
        trust.read(content)
    file.write_bytes(content)
    yield f"trust file   {file}"
    yield f"to be signed by {', '.join(missing)}" if missing else f"fingerprint  {trust.fingerprint(content)}"


def rpc_address(home: Home) -> str:
    """Return where a node's RPC listens."""
    settings = tomllib.loads((home.config / "config.toml").read_text())
    return str(settings["rpc"]["laddr"]).replace("tcp://", "http://")
