"""The engine's own files: settings, genesis, keys. What is not set here has CometBFT's default."""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.backends.cometbft.layout import SOCKET
from ledger.blocks.headers import APP_PROTOCOL
from ledger.codec import sha256, unb64u
from ledger.entries import MOST_BYTES as MOST_ENTRY_BYTES

MAX_BLOCK_BYTES = 2_097_152
ADDRESS_BYTES = 20
EVIDENCE_BLOCKS, EVIDENCE_NANOSECONDS = 1_000_000, 21 * 24 * 3600 * 10**9
"""How long misbehaviour can be reported: three weeks, as long as a light client may trust a header."""


@dataclass(frozen=True, slots=True)
class Timing:
    """How long the engine waits for what, as durations such as `250ms`."""

    propose: str
    vote: str
    commit: str
    flush: str
    empty_blocks: str = "15s"


PRODUCTION = Timing(propose="1s", vote="250ms", commit="500ms", flush="5ms")
TESTS = Timing(propose="500ms", vote="100ms", commit="50ms", flush="1ms")
"""For validators on one machine."""


@dataclass(frozen=True, slots=True)
class StateSync:
    """Where a node that joins begins: a block that its operator trusts, and two nodes' RPC addresses to check it by."""

    rpc_servers: Sequence[str]
    height: int
    block_hash: str
    """Hexadecimal."""


@dataclass(frozen=True, slots=True)
class Listening:
    """Addresses, `host:port`: where other nodes connect, and where this machine asks (it has no authentication)."""

    p2p: str
    rpc: str


MEMPOOL = {"recheck": False, "max_tx_bytes": MOST_ENTRY_BYTES, "max_txs_bytes": 16_777_216}
"""An entry is judged when it comes, and again in its block: not after every block that it waits for."""


def settings(
    name: str,
    listening: Listening,
    peers: Mapping[str, str],
    *,
    timing: Timing = PRODUCTION,
    loopback: bool = False,
    state_sync: StateSync | None = None,
) -> str:
    """Return `config.toml`; `peers` are addresses by node id, `loopback` lets all of them share one host."""
    parts: dict[str, dict[str, Any]] = {
        "": {
            "proxy_app": f"unix://{SOCKET}",
            "abci": "socket",
            "moniker": name,
            "filter_peers": True,
            "log_level": "rpc-server:none,*:error",
        },
        "rpc": {
            "laddr": f"tcp://{listening.rpc}",
            "max_body_bytes": 4 * MAX_BLOCK_BYTES,
        },
        "p2p": {
            "laddr": f"tcp://{listening.p2p}",
            "persistent_peers": ",".join(f"{node_id}@{address}" for node_id, address in sorted(peers.items())),
            "pex": False,
            "addr_book_strict": not loopback,
            "allow_duplicate_ip": loopback,
            "flush_throttle_timeout": timing.flush,
            "send_rate": 51_200_000,
            "recv_rate": 51_200_000,
        },
        "mempool": MEMPOOL,
        "consensus": {
            "timeout_propose": timing.propose,
            "timeout_prevote": timing.vote,
            "timeout_precommit": timing.vote,
            "timeout_commit": timing.commit,
            "peer_gossip_sleep_duration": "5ms",
            "create_empty_blocks": True,
            "create_empty_blocks_interval": timing.empty_blocks,
        },
        "statesync": _state_sync(state_sync),
        "tx_index": {"indexer": "null"},
    }
    return "\n".join(_section(title, members) for title, members in parts.items())


def genesis(document: Mapping[str, Any], *, genesis_time: str) -> dict[str, Any]:
    """Return CometBFT's `genesis.json` for a chain whose first state is `document` (`ledger.backends.genesis`)."""
    return {
        "genesis_time": genesis_time,
        "chain_id": document["chain"],
        "initial_height": "1",
        "consensus_params": {
            "block": {"max_bytes": str(MAX_BLOCK_BYTES), "max_gas": "-1"},
            "evidence": {
                "max_age_num_blocks": str(EVIDENCE_BLOCKS),
                "max_age_duration": str(EVIDENCE_NANOSECONDS),
                "max_bytes": "65536",
            },
            "validator": {"pub_key_types": ["ed25519"]},
            "version": {"app": str(APP_PROTOCOL)},
            "abci": {"vote_extensions_enable_height": "0"},
        },
        "validators": [_validator(each) for each in document["validators"]],
        "app_hash": "",
        "app_state": document,
    }


def node_key(key: Ed25519PrivateKey) -> dict[str, Any]:
    """Return `node_key.json`."""
    return {"priv_key": _private(key)}


def validator_key(key: Ed25519PrivateKey) -> dict[str, Any]:
    """Return `priv_validator_key.json`."""
    public = key.public_key().public_bytes_raw()
    return {"address": address(public), "pub_key": _public(public), "priv_key": _private(key)}


def address(public: bytes) -> str:
    """Return a validator's address; of a node's key, in lower case, it is the node's id."""
    return sha256(public)[:ADDRESS_BYTES].hex().upper()


def _validator(each: Mapping[str, Any]) -> dict[str, Any]:
    public = unb64u(each["public_key"])
    return {"address": address(public), "pub_key": _public(public), "power": str(each["power"]), "name": ""}


def _public(public: bytes) -> dict[str, str]:
    return {"type": "tendermint/PubKeyEd25519", "value": base64.b64encode(public).decode()}


def _private(key: Ed25519PrivateKey) -> dict[str, str]:
    both = key.private_bytes_raw() + key.public_key().public_bytes_raw()
    return {"type": "tendermint/PrivKeyEd25519", "value": base64.b64encode(both).decode()}


def _state_sync(wanted: StateSync | None) -> dict[str, Any]:
    if wanted is None:
        return {"enable": False}
    return {
        "enable": True,
        "rpc_servers": ",".join(wanted.rpc_servers),
        "trust_height": wanted.height,
        "trust_hash": wanted.block_hash,
        "trust_period": "168h0m0s",
        "discovery_time": "5s",
    }


def _section(title: str, members: Mapping[str, Any]) -> str:
    head = f"\n[{title}]\n" if title else ""
    return head + "".join(f"{name} = {json.dumps(value)}\n" for name, value in members.items())
