"""Entries that must have no effect: refused when they come, and again where a proposer put them into a block."""

import base64
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from ledger.backends.cometbft.rpc import RefusedCall
from ledger.codec import b64u, unb64u
from ledger.entries import decode
from ledger.state import Code
from tests.support import apart
from tests.support.ledger import Key, Operator, random_digest
from tests.support.nodes import SNAPSHOTS_EVERY, Network, Node, final, until

ADDED = "owner.credential_added"
Made = Callable[["Before"], bytes]


@dataclass(frozen=True)
class Before:
    """What was accepted: an entry, and a consent that the operator granted. And another organisation's keys."""

    operator: Operator
    partner: Operator
    accepted: bytes
    granted: dict[str, Any]


@pytest.fixture(scope="module")
def before(network: Network) -> Before:
    granted = {
        "consent": random_digest(),
        "version": 1,
        "commitment": random_digest(),
        "expires_at": "2099-01-31T00:00:00Z",
    }
    accepted = network.entry()
    for entry in (accepted, network.operator.entry("consent.granted", granted)):
        network.ledger.submit(entry)
        assert final(network.ledger, decode(entry).id).code == Code.OK
    return Before(network.operator, network.partner, accepted, granted)


def commitment() -> dict[str, str]:
    return {"commitment": random_digest()}


def forged(before: Before) -> bytes:
    """Signed by another key, in the operator's name."""
    entry = json.loads(replace(before.operator, entries=Key()).entry(ADDED, commitment()))
    entry["signatures"][0]["kid"] = before.operator.entries.kid
    return json.dumps(entry, separators=(",", ":"), sort_keys=True).encode()


def replayed(before: Before) -> bytes:
    """Of an id that was accepted, with another content."""
    return before.operator.entry(ADDED, commitment(), entry_id=unb64u(decode(before.accepted).id))


def expired(before: Before) -> bytes:
    return before.operator.entry(ADDED, commitment(), not_after_height=1)


def oversized(before: Before) -> bytes:
    """Signed and in canonical form; it is its size that nobody reads further than."""
    return before.operator.entry(ADDED, commitment(), chain="x" * 70_000)


def of_another_chain(before: Before) -> bytes:
    return before.operator.entry(ADDED, commitment(), chain="another")


def of_a_stranger(before: Before) -> bytes:
    return replace(before.operator, org="stranger").entry(ADDED, commitment())


def of_another_organisation(before: Before) -> bytes:
    """Revokes a consent that was granted through somebody else."""
    revoked = {name: before.granted[name] for name in ("consent", "version")} | commitment()
    return before.partner.entry("consent.revoked", revoked)


REFUSED: dict[Made, tuple[Code, str]] = {
    forged: (Code.BAD_SIGNATURE, "signature by key {kid} of tidegate does not verify"),
    replayed: (Code.REPEATED, "entry {accepted} was accepted before"),
    expired: (Code.TOO_LATE, "entry was valid up to height 1, this is {height}"),
    of_another_chain: (Code.WRONG_CHAIN, "entry is for chain 'another', expected 'tidegate-four'"),
    of_a_stranger: (Code.WRONG_SIGNER, "key {kid} of stranger is not registered"),
    of_another_organisation: (Code.WRONG_SIGNER, "consent {consent} was granted through tidegate"),
}


def expected(before: Before, made: Made, height: int) -> tuple[int, str]:
    code, reason = REFUSED[made]
    named = {"kid": before.operator.entries.kid, "accepted": decode(before.accepted).id, "height": height}
    return int(code), reason.format(**named, consent=before.granted["consent"])


def check(node: Node, entry: bytes) -> Any:
    """Hand an entry to a node as it is, past our own client."""
    return node.ask("broadcast_tx_sync", tx=base64.b64encode(entry).decode())


@pytest.mark.parametrize("made", REFUSED)
def test_what_must_have_no_effect_is_refused_when_it_comes(network: Network, before: Before, made: Made) -> None:
    node = network.nodes[-2]
    network.agreed()
    entry = made(before)
    told = check(node, entry)
    assert (told["code"], told["log"]) == expected(before, made, node.height() + 1)


def test_an_oversized_entry_is_refused_when_it_comes(network: Network, before: Before) -> None:
    entry = oversized(before)
    with pytest.raises(RefusedCall, match=rf"Tx too large. Max size is 65536, but got {len(entry)}$"):
        check(network.nodes[-2], entry)


def test_what_a_proposer_puts_into_a_block_unchecked_is_refused_there(network: Network, before: Before) -> None:
    *honest, liar = network.nodes
    smuggled = {made: made(before) for made in REFUSED}
    listed = [*smuggled.values(), oversized(before), before.accepted, secrets.token_bytes(100)]
    (liar.home.root / "smuggled.json").write_text(json.dumps([b64u(each) for each in listed]))
    liar.stop()
    first = network.grow()
    with apart.application(liar, apart.LIAR, LIE="proposals"), apart.comet(liar):
        height = until(lambda: network.grow() and holding(network, listed, first), "the liar proposes a block")
    liar.start("--snapshots-every", str(SNAPSHOTS_EVERY))
    network.agreed()
    told = [results(node, height, listed) for node in honest]
    assert told == [told[0]] * len(honest)
    assert told[0][: len(REFUSED)] == [expected(before, made, height) for made in REFUSED]
    oversize, repeated, noise = told[0][len(REFUSED) :]
    assert oversize == (Code.MALFORMED, f"{len(listed[-3])} bytes, expected at most 65536 at byte 0")
    assert repeated == (Code.REPEATED, f"entry {decode(before.accepted).id} was accepted before")
    assert noise[0] == Code.MALFORMED
    keys = [f"entry/{decode(smuggled[made]).id}" for made in REFUSED if made is not replayed]
    *absent, consent = network.ledger.prove([*keys, f"consent/{before.granted['consent']}"], height + 1)
    assert [each.value for each in absent] == [None] * len(keys)
    assert consent.value is not None
    assert (consent.value["state"], consent.value["commitment"]) == ("active", before.granted["commitment"])


def holding(network: Network, listed: list[bytes], first: int) -> int:
    """Return the height of a final block from `first` on that holds all that was smuggled in, 0 if there is none."""
    for height in range(first, network.ledger.height()):
        if set(listed) <= set(network.ledger.block(height).entries):
            return height
    return 0


def results(node: Node, height: int, listed: list[bytes]) -> list[tuple[int, str]]:
    """Return code and reason of the last entries of a block, as a node gives them."""
    told = node.ask("block_results", height=str(height))["txs_results"][-len(listed) :]
    return [(each.get("code", 0), each.get("log", "")) for each in told]


def test_a_validator_with_another_app_hash_stops_and_changes_nothing(network: Network) -> None:
    *_, liar = network.nodes
    liar.stop()
    seen = len(liar.log())
    with apart.application(liar, apart.LIAR, LIE="hashes"), apart.comet(liar):
        until(
            lambda: network.grow() and "wrong Block.Header.AppHash" in liar.log()[seen:], "the liar finds itself alone"
        )
        network.grow()
    liar.forget()
    liar.start("--snapshots-every", str(SNAPSHOTS_EVERY))
    network.agreed()
