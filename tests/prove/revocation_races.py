"""Revocations while a bank pulls, refreshes and listens at four processes: none of them gives anything afterwards."""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from gateway.cli.demo import cast
from gateway.cli.demo.browser import Browser
from gateway.cli.demo.play import JSON, details
from gateway.client.bank import Bank
from gateway.client.connection import Connection, Tokens
from gateway.client.dpop import ProofKey
from gateway.client.errors import OAuthError, ProblemError
from gateway.client.provider import Provider
from tests.prove.hearing import Hearing, hearing, wait_for_all
from tests.support.aftermath import url
from tests.support.market import Market, opened
from tests.support.messages import body, event
from tests.support.processes import gateway_process
from tests.support.receiver import receiving
from tests.support.telling import LOOPBACK

PROCESSES = 4
LONGEST_SECONDS = 0.1
"""How long the bank has before the owner revokes, at most."""
ONE_REQUEST = httpx2.Limits(max_keepalive_connections=0)
"""Of one connection: a server closes what was idle, maybe at the moment of the next request."""
AFTERWARDS = 1
"""How often each is asked after the revocation was acknowledged."""
TERMS: dict[str, Any] = {
    "products": ["transport_event"],
    "fields": {},
    "frequency": {"max": 1_000_000, "per": "P1D"},
    "maximum_pulls": 1_000_000,
}

pytestmark = pytest.mark.timeout(7200)


class At(httpx2.HTTPTransport):
    """Takes every request to one process, whichever port its URL names; the request stays as it is."""

    def __init__(self, port: int) -> None:
        super().__init__(limits=ONE_REQUEST)
        self._port = port

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        request.url = request.url.copy_with(port=self._port)
        return super().handle_request(request)


class OwnersBrowser(Browser):
    """The owner's browser with its passkey, at another process."""

    def __init__(self, other: Browser, port: int) -> None:
        super().__init__(other._origin)
        self._http = httpx2.Client(transport=At(port), cookies=other._http.cookies, timeout=30.0, trust_env=False)


@dataclass(frozen=True, slots=True)
class Call:
    """What was asked, when, and whether it was given."""

    what: str
    began: float
    given: bool


def called(what: str, ask: Callable[[], object]) -> Call:
    """Ask for something. A refusal is one for the consent's end; any other fault is raised."""
    began = time.monotonic()
    try:
        ask()
    except (OAuthError, ProblemError) as error:
        if error.error not in ("invalid_grant", "invalid_token"):
            raise
        return Call(what, began, given=False)
    return Call(what, began, given=True)


class Greedy:
    """The bank at one process, which takes what it can get."""

    def __init__(self, bank: Bank) -> None:
        self.bank = bank

    def take(self, tokens: Tokens, acknowledged: threading.Event) -> list[Call]:
        """Pull, refresh and look at the grant in turn, until some time after the revocation is acknowledged."""
        calls: list[Call] = []
        afterwards = 0
        while afterwards < AFTERWARDS:
            afterwards += acknowledged.is_set()
            calls.append(called("pull", lambda: self.bank.evidence(tokens)))
            calls.append(called("refresh", lambda: self.bank.refresh(str(tokens.refresh_token))))
            calls.append(called("grant", lambda: self._grant(tokens)))
        return calls

    def _grant(self, tokens: Tokens) -> object:
        return self.bank.connection.call("GET", "/grant", token=tokens.access_token)


@dataclass(frozen=True, slots=True)
class Everywhere:
    """Bank and owner at each of four processes on one database, and what the bank hears there."""

    market: Market
    carrier: Provider
    banks: Sequence[Greedy]
    browsers: Sequence[Browser]
    hearing: Hearing
    pool: ThreadPoolExecutor

    def happens(self, bill: str, name: str) -> None:
        """Let the carrier push an event of a shipment."""
        told = event(f"{bill} {name}", bills=(bill,))
        self.carrier.push("dcsa_track_trace", body([told]), content_type=JSON, owner=cast.OWNER)

    def consented(self, bill: str) -> Tokens:
        """Let the bank ask about a shipment, and the owner approve."""
        bank, owner = self.banks[0].bank, self.market.owner
        shipment = {"scheme": "transport_document", "issuer": cast.CARRIER_CODE, "value": bill}
        asked = bank.request({**details(), **TERMS, "identifiers": [shipment]}, redirect_uri=cast.REDIRECT_URI)
        owner.press(owner.press(owner.open(asked.url), "Continue"), "Approve with passkey")
        return bank.exchange(asked, owner.left_for)

    def race(self, bill: str, browser: Browser, seconds: float) -> tuple[str, list[Call], float]:
        """Let the bank take what it can under a new consent while something happens, and the owner revoke it.

        Returns the consent, what was asked, and when the revocation was acknowledged.
        """
        self.happens(bill, "before")
        tokens, acknowledged = self.consented(bill), threading.Event()
        self.happens(bill, "meanwhile")
        self.banks[0].bank.evidence(tokens, patience=30.0)
        taking = [self.pool.submit(each.take, tokens, acknowledged) for each in self.banks]
        try:
            time.sleep(seconds)
            page = browser.open(f"{self.market.stage.issuer}/portal/consents/{tokens.grant_id}/stop")
            browser.press(page, "Stop sharing")
            at = time.monotonic()
        finally:
            acknowledged.set()
        return str(tokens.grant_id), [call for each in taking for call in each.result()], at


@contextmanager
def everywhere(folder: Path) -> Iterator[Everywhere]:
    """Yield a market with four processes, its bank listening at each."""
    allowed = ",".join(map(str, LOOPBACK))
    with (
        receiving(folder) as receiver,
        opened(folder, TIDEGATE_OUTBOUND_ALLOW=allowed, SSL_CERT_FILE=str(receiver.ca_file)) as market,
        Connection(market.stage.issuer, market.players.carrier) as carrier,
        at_every_process(market) as (ports, banks, browsers),
        hearing(market, receiver, [At(port) for port in ports]) as heard,
        ThreadPoolExecutor(PROCESSES) as pool,
    ):
        yield Everywhere(market, Provider(carrier), banks, browsers, heard, pool)


@contextmanager
def at_every_process(market: Market) -> Iterator[tuple[Sequence[int], Sequence[Greedy], Sequence[Browser]]]:
    """Yield the ports of four processes on one database, and the bank and the owner's browser at each."""
    stage, key = market.stage, ProofKey()
    with ExitStack() as stack:
        ports = [stage.port] + [
            stack.enter_context(
                gateway_process(url(stage), stage.data / "keys", market.folder, issuer=stage.issuer)
            ).port
            for _ in range(PROCESSES - 1)
        ]
        clients = [stack.enter_context(httpx2.Client(transport=At(port), trust_env=False)) for port in ports]
        banks = [Connection(stage.issuer, market.players.bank, proof_key=key, http=client) for client in clients]
        browsers = [stack.enter_context(OwnersBrowser(market.owner, port)) for port in ports]
        yield ports, [Greedy(Bank(each)) for each in banks], browsers


def test_what_is_asked_after_an_acknowledged_revocation_is_given_by_no_process(
    tmp_path: Path, pytestconfig: pytest.Config, record_property: Callable[[str, object], None]
) -> None:
    dice = random.Random(pytestconfig.option.seed)  # noqa: S311 - to be repeated
    calls: list[Call] = []
    acknowledged: dict[str, float] = {}
    refused = 0
    with everywhere(tmp_path) as all_of_them:
        for number in range(pytestconfig.option.revocations):
            browser = dice.choice(all_of_them.browsers)
            consent, asked, at = all_of_them.race(f"OCLNRACE{number}", browser, dice.uniform(0, LONGEST_SECONDS))
            assert [call for call in asked if call.given and call.began > at] == []
            refused += sum(call.began > at for call in asked)
            calls += asked
            acknowledged[consent] = at
        last = str(all_of_them.consented("OCLNLAST").grant_id)
        all_of_them.market.stage.anchored()
        all_of_them.happens("OCLNLAST", "at last")
        wait_for_all(all_of_them.hearing, last)
    assert all_of_them.hearing.late(acknowledged) == []
    given = Counter(call.what for call in calls if call.given)
    told = all_of_them.hearing.counts(acknowledged)
    assert set(given) == {"pull", "refresh", "grant"}
    assert set(told) == {"webhook", "streams"}
    assert refused
    record_property("seed", pytestconfig.option.seed)
    record_property("revocations", len(acknowledged))
    record_property("asked after the acknowledgement, and refused", refused)
    for what, count in given.items():
        record_property(f"{what}: given before", count)
    for what, count in told.items():
        record_property(f"told by {what}, at most a second after", count)
