"""The four organisations found their ledger, each as `tidegate ledger` lets it, and sign its trust file."""

import time

from gateway import keys
from gateway.cli.ledger_setup import make_node, sign_trust
from gateway.cli.network.place import CHAIN, GATEWAYS, GOVERNANCE, MEMBERS, Place
from ledger.backends.cometbft import network
from ledger.backends.cometbft.config import TESTS


def found(place: Place) -> None:
    """Make everybody's keys and node, and the network of them. Raises `LedgerError` if a part is there already."""
    for member in MEMBERS:
        folder = None
        if member.gateway:
            folder = place.folder(member) / "data" / "keys"
            folder.parent.mkdir(parents=True, mode=0o700)
            keys.create(folder)
        make_node(place.home(member), member.org, place.listening(member).p2p, folder)
    cards = [network.read(place.home(member).card) for member in MEMBERS]
    founded = network.found(cards, chain=CHAIN, governance=GOVERNANCE, genesis_time=network.now_text(time.time_ns()))
    for member in MEMBERS:
        network.join(place.home(member), founded, listening=place.listening(member), timing=TESTS, loopback=True)
    network.write(place.network, founded)


def attest(place: Place) -> None:
    """Let every founder sign the trust file, each with its own node's word for it; hand it to both gateways."""
    draft = place.root / ".trust.json.new"
    draft.unlink(missing_ok=True)
    for member in MEMBERS:
        for _ in sign_trust(place.home(member), draft, place.organisation_key(member)):
            pass
    for member in GATEWAYS:
        (place.folder(member) / "data" / "trust.json").write_bytes(draft.read_bytes())
    draft.replace(place.trust)
