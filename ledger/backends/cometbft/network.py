"""How a network comes into being, without anybody holding another's keys.

Each organisation makes its node (`prepare`) and hands its card round. From the same cards, everybody founds the same
network (`found`), compares its fingerprint with the others, and joins it (`join`). A node that comes later joins with
the same file, and is admitted by the others (`admit`).
"""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.backends.cometbft import config
from ledger.backends.cometbft.config import PRODUCTION, Listening, StateSync, Timing
from ledger.backends.cometbft.layout import Home
from ledger.blocks import times
from ledger.bodies import at_least, check_members, digest, instant, keys, name
from ledger.codec import b64u, canonical, parse_canonical, sha256, unb64u
from ledger.errors import CodecError, LedgerError

POWER = 10
PRIVATE, OPEN = 0o600, 0o644
MOST_BYTES = 1_048_576
NODE_ID_LENGTH = 40


def prepare(
    home: Home,
    *,
    org: str,
    address: str,
    org_keys: Sequence[Mapping[str, Any]],
    validator: Ed25519PrivateKey | None = None,
) -> dict[str, Any]:
    """Make a node's keys in `home`, and return its card: what the others need to know, also in `card.json`.

    `address` (`host:port`) is where other nodes reach it; `org_keys` are `{kid, usage, public_key}` to register. Raises
    `LedgerError` if there is a node already: two with one validator's key would be punished as misbehaviour.
    """
    if home.config.exists():
        raise LedgerError(f"{home.root} holds a node already: expected an empty folder")
    node, consensus = Ed25519PrivateKey.generate(), validator or Ed25519PrivateKey.generate()
    card = {
        "address": address,
        "keys": [dict(key) for key in org_keys],
        "node": config.address(node.public_key().public_bytes_raw()).lower(),
        "org": org,
        "validator": b64u(consensus.public_key().public_bytes_raw()),
    }
    _check_card(card)
    for folder in (home.root, home.config, home.data):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    _write(home.config / "node_key.json", config.node_key(node), PRIVATE)
    _write(home.config / "priv_validator_key.json", config.validator_key(consensus), PRIVATE)
    _write(home.data / "priv_validator_state.json", {"height": "0", "round": 0, "step": 0}, PRIVATE)
    write(home.card, card)
    return card


def found(cards: Sequence[Mapping[str, Any]], *, chain: str, governance: int, genesis_time: str) -> dict[str, Any]:
    """Return the network of these nodes, whose organisations govern together: so many must sign what changes it.

    The same arguments make the same network, whoever calls and in whatever order the cards are. Raises `CodecError`.
    """
    ordered = sorted(cards, key=lambda card: (card["org"], card["node"]))
    for card in ordered:
        _check_card(card)
    organisations = {card["org"]: list(card["keys"]) for card in ordered}
    if any(organisations[card["org"]] != card["keys"] for card in ordered):
        raise CodecError("two cards of one organisation list different keys")
    made = {
        "genesis": {
            "chain": chain,
            "governance": governance,
            "organisations": [{"org": org, "governs": 1, "keys": listed} for org, listed in organisations.items()],
            "validators": [{"public_key": card["validator"], "power": POWER} for card in ordered],
        },
        "genesis_time": genesis_time,
        "nodes": [{"address": card["address"], "node": card["node"], "org": card["org"]} for card in ordered],
    }
    check(made)
    return made


def join(
    home: Home,
    network: Mapping[str, Any],
    *,
    listening: Listening,
    timing: Timing = PRODUCTION,
    loopback: bool = False,
    state_sync: StateSync | None = None,
) -> None:
    """Configure the node in `home` for a network, as one of its founders or later. Raises `LedgerError`."""
    check(network)
    if not home.card.is_file():
        raise LedgerError(f"{home.root} holds no node: tidegate ledger init makes one")
    card = read(home.card)
    peers = {each["node"]: each["address"] for each in network["nodes"] if each["node"] != card["node"]}
    text = config.settings(card["org"], listening, peers, timing=timing, loopback=loopback, state_sync=state_sync)
    _write(home.config / "genesis.json", config.genesis(network["genesis"], genesis_time=network["genesis_time"]), OPEN)
    (home.config / "config.toml").write_text(text)
    write(home.network, network)
    write(home.peers, peers)


def admit(home: Home, node: str, address: str) -> None:
    """Let another node connect to the one in `home`, at once. Raises `CodecError`."""
    _node_id(node)
    write(home.peers, {**read(home.peers), node: address})


def check(network: object) -> None:
    """Raise `CodecError` unless `network` has the form that `found` gives."""
    given = check_members(network, {"genesis": _anything, "genesis_time": instant, "nodes": _nodes}, "network")
    founding = check_members(
        given["genesis"],
        {"chain": _text, "governance": at_least(1), "organisations": _some, "validators": _some},
        "genesis",
    )
    for each in founding["validators"]:
        check_members(each, {"public_key": digest, "power": at_least(1)}, "validator")


def fingerprint(network: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a network in hexadecimal, in groups of four, for the founders to compare."""
    text = sha256(canonical(network)).hex()
    return " ".join(text[place : place + 4] for place in range(0, len(text), 4))


def operators(network: Mapping[str, Any]) -> dict[str, str]:
    """Return who runs each founding validator: organisations by address. `found` lists nodes as it does validators."""
    nodes, validators = network["nodes"], network["genesis"]["validators"]
    if len(nodes) != len(validators):
        return {}
    pairs = zip(nodes, validators, strict=True)
    return {config.address(unb64u(validator["public_key"])): node["org"] for node, validator in pairs}


def now_text(nanoseconds: int) -> str:
    """Return a genesis time: whole seconds."""
    return times.to_text(nanoseconds // times.NANO * times.NANO)


def read(path: Path) -> dict[str, Any]:
    """Read a file of this module. Raises `CodecError`, and `LedgerError` if there is none."""
    try:
        value = parse_canonical(path.read_bytes(), max_bytes=MOST_BYTES)
    except OSError as error:
        raise LedgerError(f"{path}: {error.strerror}") from None
    if not isinstance(value, dict):
        raise CodecError(f"{path}: expected a JSON object")
    return value


def write(path: Path, value: Mapping[str, Any]) -> None:
    """Write a file that `read` reads, whole or not at all."""
    draft = path.with_name(f".{path.name}.new")
    draft.write_bytes(canonical(value))
    draft.replace(path)


def _write(path: Path, value: Mapping[str, Any], mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "w") as file:
        json.dump(value, file, indent=1)


def _check_card(card: object) -> None:
    form = {"address": _text, "keys": keys, "node": _node_id, "org": name, "validator": digest}
    check_members(card, form, "card")


def _nodes(value: object) -> None:
    _some(value)
    for each in value if isinstance(value, list) else ():
        check_members(each, {"address": _text, "node": _node_id, "org": name}, "node")


def _node_id(value: object) -> None:
    if not isinstance(value, str) or len(value) != NODE_ID_LENGTH or set(value) - set("0123456789abcdef"):
        raise CodecError(f"expected a node's id: {NODE_ID_LENGTH} hexadecimal digits")


def _text(value: object) -> None:
    if not isinstance(value, str) or not value:
        raise CodecError("expected a text")


def _some(value: object) -> None:
    if not isinstance(value, list) or not value:
        raise CodecError("expected a list that is not empty")


def _anything(_: object) -> None:
    return None
