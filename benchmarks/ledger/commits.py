"""Entries through four validators, beside transactions of the same size through the engine's own key-value store."""

import base64
import itertools
import secrets
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

from benchmarks.ledger.figures import Effort, Figure
from benchmarks.ledger.nodes import key_value_store, ours
from ledger import merkle
from ledger.backends.cometbft.config import PRODUCTION, TESTS, Timing
from ledger.backends.cometbft.rpc import Connection
from ledger.codec import b64u
from tests.support.ledger import Operator, random_digest
from tests.support.nodes import Node, until

STORE = "key-value store"
FAR = 1_000_000
CONNECTIONS = 16
"""To each node: a node answers the calls of one connection one after the other, and asks its application in bursts."""
IN_FLIGHT = 4
"""On one connection."""
PAGE = 20
FLOOD_SECONDS = 120.0
Make = Callable[[], bytes]
Networks = dict[str, tuple[list[Node], Make]]


def figures(folder: Path, effort: Effort) -> Iterator[Figure]:
    """Yield the figures; both networks run, with the tests' waiting times or production's, and take turns."""
    operator = Operator(chain="tidegate-bench")

    def entry() -> bytes:
        return operator.entry("owner.credential_added", {"commitment": random_digest()}, not_after_height=FAR)

    size = len(entry())

    def pair() -> bytes:
        key = secrets.token_hex(16)
        return f"{key}={'x' * (size - len(key) - 1)}".encode()

    with _both(folder / "quick", operator, effort, TESTS) as nodes:
        networks: Networks = {"ours": (nodes[0], entry), STORE: (nodes[1], pair)}
        waited = _in_turns(networks, effort, lambda nodes, make: _seconds(nodes[0], make, effort.entries))
        rates = _in_turns(networks, effort, lambda nodes, make: _rate(nodes, make, effort.flood))
        anchored = statistics.median(_anchored(nodes[0][0], operator, effort, place) for place in range(effort.rounds))
    milliseconds = {name: 1000 * value for name, value in waited.items()}
    yield Figure(f"entry of {size} bytes committed, p50", milliseconds["ours"], "ms", (STORE, milliseconds[STORE]), 1.3)
    yield _entries(f"{TESTS.commit} between blocks", rates)
    what = f"records anchored a second ({effort.leaves:,} a batch, one batch at a time)"
    yield Figure(what, anchored, "/s", (STORE, rates[STORE]), 50, more_is_better=True)
    with _both(folder / "slow", operator, effort, PRODUCTION) as nodes:
        networks = {"ours": (nodes[0], entry), STORE: (nodes[1], pair)}
        rates = _in_turns(networks, effort, lambda nodes, make: _rate(nodes, make, effort.flood))
    yield _entries(f"{PRODUCTION.commit}, as in production", rates)


def _entries(timing: str, rates: Mapping[str, float]) -> Figure:
    what = f"signed entries a second ({timing})"
    return Figure(what, rates["ours"], "/s", (STORE, rates[STORE]), 0.25, more_is_better=True)


@contextmanager
def _both(folder: Path, operator: Operator, effort: Effort, timing: Timing) -> Iterator[tuple[list[Node], list[Node]]]:
    with (
        ours(folder / "ours", operator, effort.nodes, timing) as own,
        key_value_store(folder / "store", effort.nodes, timing) as store,
    ):
        yield own, store


def _in_turns(networks: Networks, effort: Effort, work: Callable[[list[Node], Make], float]) -> dict[str, float]:
    """Return the median of what `work` gives for each network; the networks take turns in each round."""
    taken = [{name: work(*each) for name, each in networks.items()} for _ in range(effort.rounds)]
    return {name: statistics.median(each[name] for each in taken) for name in networks}


def _seconds(node: Node, make: Make, count: int) -> float:
    """Return the median time from handing a transaction over until it is committed, one after the other."""
    with closing(Connection(node.url)) as connection:
        return statistics.median(_committed(connection, make()) for _ in range(count))


def _committed(connection: Connection, transaction: bytes) -> float:
    began = time.perf_counter()
    told = connection.call("broadcast_tx_commit", tx=base64.b64encode(transaction).decode())
    if int(told["check_tx"].get("code", 0)) or int(told["tx_result"].get("code", 0)):
        raise RuntimeError(f"refused: {told}")
    return time.perf_counter() - began


def _rate(nodes: list[Node], make: Make, count: int) -> float:
    """Return how many transactions a second are committed of `count` that are handed to all nodes at once."""
    transactions = [base64.b64encode(make()).decode() for _ in range(count)]
    with ExitStack() as stack:
        connections = [stack.enter_context(closing(Connection(node.url))) for node in nodes * CONNECTIONS]
        first = _height(connections[0]) + 1
        began = time.perf_counter()
        turns = zip(transactions, itertools.cycle(connections), strict=False)
        while wave := list(itertools.islice(turns, IN_FLIGHT * len(connections))):
            sent = [(each, each.begin("broadcast_tx_sync", tx=transaction)) for transaction, each in wave]
            if refused := [answer for each, call in sent if int((answer := each.result(call))["code"])]:
                raise RuntimeError(f"refused: {refused[0]}")
        until(lambda: _stand(connections[0], first) >= count, "all are committed", seconds=FLOOD_SECONDS)
        return count / (time.perf_counter() - began)


def _height(connection: Connection) -> int:
    return int(connection.call("status")["sync_info"]["latest_block_height"])


def _stand(connection: Connection, first: int) -> int:
    """Return how many transactions stand in the blocks from `first` on."""
    last = _height(connection)
    metas: list[Any] = []
    for low in range(first, last + 1, PAGE):
        high = min(low + PAGE - 1, last)
        metas += connection.call("blockchain", minHeight=str(low), maxHeight=str(high))["block_metas"]
    return sum(int(each["num_txs"]) for each in metas)


def _anchored(node: Node, operator: Operator, effort: Effort, place: int) -> float:
    """Return how many records a second are anchored by batches one after the other: trees, entries, commits."""
    batches = max(1, effort.entries // 3)
    digests = [secrets.token_bytes(32) for _ in range(effort.leaves)]
    previous = b64u(bytes(32))
    with closing(Connection(node.url)) as connection:
        began = time.perf_counter()
        for number in range(batches):
            digests[0] = secrets.token_bytes(32)
            root = b64u(merkle.root(digests))
            body = {"root": root, "size": len(digests), "sequence": number + 1, "previous": previous}
            stream = ("records", "receipts", "attestations")[place % 3]
            entry = operator.entry("batch.anchor", {"stream": stream, **body}, not_after_height=FAR)
            _committed(connection, entry)
            previous = root
        return batches * effort.leaves / (time.perf_counter() - began)
