"""Two gateways claim the same fingerprints at the same moments, at two nodes: exactly one has each.

`make prove` does it 1,000 times (`--claims`).
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Barrier

import pytest

from ledger.backends.cometbft.client import CometBFT
from ledger.entries import decode
from ledger.errors import Rejected
from ledger.state import Code
from tests.support.ledger import Operator, random_digest
from tests.support.nodes import Network, Node, until

Record = Callable[[str, object], None]
PROVED_AT_ONCE = 200


def code_of(ledger: CometBFT, entry: bytes) -> Code | None:
    """Return what became of an entry, None while it is open: one that lost may be dropped before it has a block."""
    try:
        ledger.submit(entry)
    except Rejected as rejected:
        return Code(rejected.code)
    outcome = ledger.outcome(decode(entry).id)
    return Code(outcome.code) if outcome else None


def claim(node: Node, gateway: Operator, fingerprints: list[str], together: Barrier) -> list[Code]:
    """Claim all fingerprints, each together with the other gateway; return what became of each claim."""
    bodies = [{"fingerprint": each, "claim": random_digest()} for each in fingerprints]
    entries = [gateway.entry("financing.claimed", body) for body in bodies]
    refused: dict[bytes, Code] = {}
    with closing(CometBFT([node.url], chain=gateway.chain)) as ledger:
        for entry in entries:
            together.wait()
            try:
                ledger.submit(entry)
            except Rejected as rejected:
                refused[entry] = Code(rejected.code)
    with closing(CometBFT([node.url], chain=gateway.chain)) as ledger:
        return [
            refused.get(entry)
            if entry in refused
            else until(lambda entry=entry: settled(ledger, entry), "it settles")[0]  # type: ignore[misc]
            for entry in entries
        ]


def settled(ledger: CometBFT, entry: bytes) -> tuple[Code] | None:
    code = code_of(ledger, entry)
    return None if code is None else (code,)


@pytest.mark.timeout(600)
def test_of_two_claims_on_a_fingerprint_at_the_same_moment_exactly_one_is_accepted(
    network: Network, pytestconfig: pytest.Config, record_property: Record
) -> None:
    gateways = (network.operator, network.partner)
    fingerprints = [random_digest() for _ in range(pytestconfig.option.claims)]
    together = Barrier(len(gateways), timeout=60)
    with ThreadPoolExecutor(len(gateways)) as threads:
        claimed = [
            threads.submit(claim, node, gateway, fingerprints, together)
            for node, gateway in zip(network.nodes, gateways, strict=False)
        ]
        codes = list(zip(*(each.result() for each in claimed), strict=True))
    assert {frozenset(each) for each in codes} == {frozenset({Code.OK, Code.CONFLICT})}
    winners = [gateways[each.index(Code.OK)].org for each in codes]
    height = network.agreed()
    for node in network.nodes:
        assert holders(network, node, fingerprints, height) == winners
    record_property("claims", len(fingerprints))
    for gateway in gateways:
        record_property(f"had by {gateway.org}", winners.count(gateway.org))


def holders(network: Network, node: Node, fingerprints: list[str], height: int) -> list[str]:
    """Return who holds each claim, as a node proves it."""
    with closing(CometBFT([node.url], chain=network.operator.chain)) as ledger:
        until(lambda: ledger.height() >= height, "the node is there")
        proved = []
        for start in range(0, len(fingerprints), PROVED_AT_ONCE):
            keys = [f"claim/{each}" for each in fingerprints[start : start + PROVED_AT_ONCE]]
            proved += [each.value for each in ledger.prove(keys, height)]
    return [str(each["org"]) for each in proved if each is not None and each["state"] == "claimed"]
