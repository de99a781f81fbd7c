"""Any sequence of entries has the same outcomes and leaves the same state on an embedded ledger and on a network.

`make prove` tries more sequences (`--sequences`).
"""

import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from ledger.backends.base import Backend
from ledger.backends.cometbft import network as networks
from ledger.backends.embedded import Embedded
from ledger.codec import b64u, sha256
from ledger.entries import decode
from ledger.errors import Rejected
from ledger.state import Code
from tests.support.ledger import START, Key, Operator, random_digest
from tests.support.nodes import Network, final

Record = Callable[[str, object], None]
EXPIRY = "2099-01-31T00:00:00Z"
HEIGHTS = ("height", "from", "until", "compromised_since", "suspended")
MOST_ENTRIES = 8
Action = tuple[str, int, int, int, int]
"""An entry's type or `again`; who signs, and which of two things it is about, with what version and commitment."""
CONSENTS = ("granted", "amended", "paused", "resumed", "revoked", "ended")
ACTIONS = st.tuples(
    st.sampled_from(
        [
            *(f"consent.{each}" for each in CONSENTS),
            *(f"title.{each}" for each in ("issued", "transferred", "surrendered")),
            *(f"financing.{each}" for each in ("claimed", "released")),
            *(f"owner.credential_{each}" for each in ("added", "removed")),
            *(f"org.{each}" for each in ("register", "rotate_key", "suspend")),
            "batch.anchor",
            "again",
            "too late",
        ]
    ),
    st.integers(0, 1),
    st.integers(0, 1),
    st.integers(1, 3),
    st.integers(0, 1),
)


@dataclass
class Story:
    """What a sequence is about: new names in each, so that one never meets another."""

    signers: tuple[Operator, Operator]
    things: tuple[str, str] = field(default_factory=lambda: (random_digest(), random_digest()))
    values: tuple[str, str] = field(default_factory=lambda: (random_digest(), random_digest()))
    keys: tuple[Key, Key] = field(default_factory=lambda: (Key(), Key()))
    last: bytes = field(default_factory=lambda: secrets.token_bytes(16))
    keys_touched: set[str] = field(default_factory=set)

    def entry(self, action: Action) -> bytes:
        """Return the entry of an action."""
        kind, who, which, version, value = action
        late = kind == "too late"
        identity = self.last if kind == "again" else secrets.token_bytes(16)
        self.last = identity
        kind = "owner.credential_added" if late or kind == "again" else kind
        body = self.body(kind, self.things[which], version, self.values[value], which)
        expiry = {"not_after_height": 1} if late else {}
        return self.signers[who].entry(kind, body, entry_id=identity, **expiry)

    def body(self, kind: str, thing: str, version: int, value: str, which: int) -> Mapping[str, Any]:
        family = kind.partition(".")[0]
        if family == "consent":
            more = {"expires_at": EXPIRY} if kind.endswith(("granted", "amended")) else {}
            more |= {"reason": "expired"} if kind.endswith("ended") and not more else {}
            return self.of(f"consent/{thing}", {"consent": thing, "version": version, "commitment": value, **more})
        if family == "title":
            return self.of(f"title/{thing}", {"document": thing, "holder": value})
        if family == "financing":
            return self.of(f"claim/{thing}", {"fingerprint": thing, "claim": value})
        if family == "owner":
            return self.of(f"credential/{value}", {"commitment": value})
        if family == "batch":
            anchored = {"stream": "attestations", "root": value, "size": 1, "sequence": version}
            self.keys_touched |= {f"batch/{signer.org}/attestations" for signer in self.signers}
            return {**anchored, "previous": b64u(bytes(32))}
        return self.governed(kind, f"org-{sha256(thing.encode()).hex()[:16]}", which)

    def governed(self, kind: str, org: str, which: int) -> Mapping[str, Any]:
        key, other = self.keys[which], self.keys[1 - which]
        self.keys_touched |= {f"org/{org}", f"key/{org}/{key.kid}", f"key/{org}/{other.kid}"}
        match kind:
            case "org.register":
                return {"org": org, "keys": [key.registered("entries")]}
            case "org.rotate_key":
                return {"org": org, "remove": key.kid, "compromised_since": 0, "add": [other.registered("entries")]}
            case _:
                return {"org": org}

    def of(self, key: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        self.keys_touched.add(key)
        return body


@pytest.fixture(scope="module")
def embedded(network: Network, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    """Begin an embedded ledger with the network's genesis."""
    genesis = networks.read(network.nodes[0].home.network)["genesis"]
    ledger = Embedded(
        tmp_path_factory.mktemp("embedded") / "ledger.sqlite",
        genesis=genesis,
        validator_key=Key().private,
        clock=lambda: START,
    )
    with closing(ledger):
        yield ledger


def brought(ledger: Backend, entries: list[bytes]) -> tuple[list[Code], dict[int, int]]:
    """Bring entries in, one after the other; return their codes, and which of them stands at which height."""
    codes, heights = [], {}
    for place, entry in enumerate(entries):
        try:
            ledger.submit(entry)
        except Rejected as rejected:
            codes.append(Code(rejected.code))
        else:
            outcome = final(ledger, decode(entry).id)
            heights[outcome.height] = place
            codes.append(Code(outcome.code))
    return codes, heights


def stands(ledger: Backend, keys: list[str], heights: Mapping[int, int]) -> dict[str, Any]:
    """Return what a ledger proves of keys; instead of a height, which entry stands there."""
    found = {}
    for each in ledger.prove(keys, ledger.height()):
        value = dict(each.value) if each.value is not None else None
        for name in HEIGHTS:
            if value and value.get(name):
                value[name] = f"entry {heights[value[name]]}"
        found[each.key] = value
    return found


@pytest.mark.timeout(1800)
def test_any_sequence_of_entries_gives_the_same_state_on_both_ledgers(
    network: Network, embedded: Embedded, pytestconfig: pytest.Config, record_property: Record
) -> None:
    tried = []

    @seed(pytestconfig.option.seed)
    @settings(max_examples=pytestconfig.option.sequences, database=None)
    @given(st.lists(ACTIONS, min_size=1, max_size=MOST_ENTRIES))
    def same(actions: list[Action]) -> None:
        story = Story((network.operator, network.partner))
        entries = [story.entry(action) for action in actions]
        codes, heights = brought(network.ledger, entries)
        expected, places = brought(embedded, entries)
        tried.extend(codes)
        assert codes == expected
        keys = sorted(story.keys_touched)
        assert stands(network.ledger, keys, heights) == stands(embedded, keys, places)

    same()
    record_property("seed", pytestconfig.option.seed)
    record_property("entries", len(tried))
    record_property("accepted", tried.count(Code.OK))
