"""What the commands of a ledger's node do."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from gateway import keys
from gateway.cli.faults import USAGE, CommandError
from gateway.cli.ledger_status import rpc_address
from gateway.cli.output import write_private
from ledger import trust
from ledger.backends.cometbft import network
from ledger.backends.cometbft.client import CometBFT
from ledger.backends.cometbft.config import StateSync
from ledger.backends.cometbft.layout import Home

RPC_SERVERS = 2
KEY_FILE = "organisation.pem"


def make_node(home: Home, org: str, address: str, folder: Path | None) -> str:
    """Make a node and return its card's place; registered are a gateway's keys, or a new one for entries."""
    if folder is not None:
        from gateway.cli.runtime import ledger_keys  # noqa: PLC0415 - needs the database's packages

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


def sign_trust(home: Home, file: Path, key_file: Path | None) -> Iterator[str]:
    """Begin or countersign a trust file; yield what is to be told."""
    card, founding = network.read(home.card), network.read(home.network)["genesis"]
    place = key_file or home.root / KEY_FILE
    if not place.is_file():
        raise CommandError(f"there is no key at {place}: name the organisation's with --key", code=USAGE)
    key = keys.signing_key(keys.read_ed25519(place))
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
