"""Tokens and pulls over HTTP, beside bare FastAPI and, if they are to be measured, the peers on Node.

What counts is the core's time that one answer takes, with everything that belongs to it: the gateway, its worker at
work on the receipts, PostgreSQL. All servers run on one core, the load on another; they take turns.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import cycle, islice

from benchmarks import load, node, proofs, usage
from benchmarks.market import Market
from benchmarks.measure import Effort, Row, interleaved
from benchmarks.servers import Server, started
from gateway.cli.ports import free_port
from gateway.client.connection import Connection
from gateway.client.identity import public_jwk

BARE, BARE_THREAD = "bare FastAPI, async", "bare FastAPI, def"
RESOURCE_SERVER, AUTHORIZATION_SERVER = "oauth4webapi on Node", "oidc-provider on Node"
SCOPE = "ingest:dcsa_ebl"
CREDENTIALS = {"grant_type": "client_credentials", "scope": SCOPE}
GOALS = {RESOURCE_SERVER: 1.0, AUTHORIZATION_SERVER: 1 / 0.6}


def rows(market: Market, effort: Effort, *, peers: bool) -> Iterator[Row]:
    """Yield the figures."""
    gateway = usage.of_tree(market.pid, market.database_pid)
    pull = Work(partial(_pulls, market, market.issuer), gateway, market.anchored)
    token = Work(partial(_token_requests, market, market.issuer, "/oauth/token"), gateway, market.anchored)
    size = pull.run(effort).size
    with _bare(size) as bare, ExitStack() as stack:
        others = {BARE: Work(partial(_plain, f"{bare.url}/async"), usage.of_tree(bare.pid))}
        if peers:
            server = stack.enter_context(_resource_server(market, size))
            others[RESOURCE_SERVER] = Work(partial(_pulls, market, server.url), usage.of_tree(server.pid))
        yield from _beside(f"pull evidence of three records ({size:,} bytes)", pull, others, effort)
    with _bare(token.run(effort).size) as bare, ExitStack() as stack:
        others = {BARE_THREAD: Work(partial(_plain, f"{bare.url}/def"), usage.of_tree(bare.pid))}
        if peers:
            server = stack.enter_context(_authorization_server(market))
            asked = partial(_token_requests, market, server.url, "/token")
            others[AUTHORIZATION_SERVER] = Work(asked, usage.of_tree(server.pid))
        yield from _beside("give a token", token, others, effort)


@dataclass(frozen=True, slots=True)
class Work:
    """What a server is asked, the clock of its core's time, and what to wait for before it is asked."""

    requests: Callable[[int], tuple[str, list[bytes]]]
    clock: Callable[[], float]
    settled: Callable[[], object] = lambda: None

    def run(self, effort: Effort) -> load.Run:
        """Ask the server so many times."""
        return load.run(*self.requests(effort.requests))

    def measure(self, effort: Effort) -> float:
        """Return the microseconds of its core that one answer takes."""
        url, requests = self.requests(effort.requests)
        self.settled()
        began = self.clock()
        load.run(url, requests)
        return (self.clock() - began) / len(requests) * 1e6


def _beside(what: str, ours: Work, others: dict[str, Work], effort: Effort) -> Iterator[Row]:
    works = {name: partial(work.measure, effort) for name, work in {what: ours, **others}.items()}
    taken = interleaved(works, effort)
    for name in others:
        yield Row(what, taken[what], name, taken[name], GOALS.get(name))


def _pulls(market: Market, base: str, count: int) -> tuple[str, list[bytes]]:
    """Return pulls under all consents in turn, for the gateway or for a resource server that takes its tokens."""
    url, tokens = f"{base}/evidence", market.tokens()
    nonce = market.bank.nonce if base == market.issuer else None
    makers = [proofs.pulls(market.bank.proof_key, url, nonce=nonce, token=token) for token in tokens]
    return url, [next(maker) for maker in islice(cycle(makers), count)]


def _token_requests(market: Market, base: str, path: str, count: int) -> tuple[str, list[bytes]]:
    carrier: Connection = market.carrier
    nonce = None
    if base == market.issuer:
        carrier.tokens(CREDENTIALS)
        nonce = carrier.nonce
    maker = proofs.token_requests(
        carrier.identity, carrier.proof_key, f"{base}{path}", audience=base, nonce=nonce, form=CREDENTIALS
    )
    return f"{base}{path}", list(islice(maker, count))


def _plain(url: str, count: int) -> tuple[str, list[bytes]]:
    return url, [load.post(url, {"Content-Type": "application/json"}, b"{}")] * count


@contextmanager
def _bare(size: int) -> Iterator[Server]:
    port = free_port()
    with started([sys.executable, "-m", "benchmarks.bare", str(port), str(size)], port) as server:
        yield server


def _resource_server(market: Market, size: int) -> node.Running:
    return node.running("resource_server", issuer=market.issuer, jwks=market.signing_keys(), bytes=size)


def _authorization_server(market: Market) -> node.Running:
    identity = market.carrier.identity
    keys = {"keys": [public_jwk(identity.key)]}
    return node.running("authorization_server", client_id=identity.client_id, jwks=keys, scope=SCOPE)
