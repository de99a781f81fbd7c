"""Revocations while a bank pulls and refreshes at four processes: none of them gives anything afterwards.

What streams and webhooks tell at that time is raced in `tests/gateway/notify/test_races.py`.
"""

import random
import threading
import time
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
from tests.support.aftermath import url
from tests.support.market import Market, opened
from tests.support.processes import gateway_process

PROCESSES = 4
LONGEST_SECONDS = 0.1
"""How long the bank has before the owner revokes, at most."""
AFTERWARDS = 1
"""How often each is asked after the revocation was acknowledged."""
SHIPMENT = {"scheme": "transport_document", "issuer": cast.CARRIER_CODE, "value": "OCLNHKG26118"}
TERMS: dict[str, Any] = {
    "products": ["bill_of_lading"],
    "identifiers": [SHIPMENT],
    "fields": {},
    "frequency": {"max": 1_000_000, "per": "P1D"},
    "maximum_pulls": 1_000_000,
}

pytestmark = pytest.mark.timeout(7200)


class At(httpx2.HTTPTransport):
    """Takes every request to one process, whichever port its URL names; the request stays as it is."""

    def __init__(self, port: int) -> None:
        super().__init__()
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


@contextmanager
def at_every_process(market: Market) -> Iterator[tuple[Sequence[Greedy], Sequence[Browser]]]:
    """Yield the bank, and the owner's browser, at each of four processes on one database."""
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
        yield [Greedy(Bank(each)) for each in banks], browsers


def consented(market: Market, bank: Bank) -> Tokens:
    """Let the bank ask and the owner approve."""
    asked = bank.request({**details(), **TERMS}, redirect_uri=cast.REDIRECT_URI)
    review = market.owner.press(market.owner.open(asked.url), "Continue")
    market.owner.press(review, "Approve with passkey")
    return bank.exchange(asked, market.owner.left_for)


def revoke(market: Market, browser: Browser, tokens: Tokens) -> float:
    """Stop sharing, and return when that was acknowledged."""
    browser.press(browser.open(f"{market.stage.issuer}/portal/consents/{tokens.grant_id}/stop"), "Stop sharing")
    return time.monotonic()


def race(
    market: Market, pool: ThreadPoolExecutor, banks: Sequence[Greedy], browser: Browser, seconds: float
) -> tuple[list[Call], float]:
    """Let the bank take what it can under a new consent, and the owner revoke it after so many seconds."""
    tokens, acknowledged = consented(market, banks[0].bank), threading.Event()
    banks[0].bank.evidence(tokens, patience=30.0)
    taking = [pool.submit(each.take, tokens, acknowledged) for each in banks]
    time.sleep(seconds)
    at = revoke(market, browser, tokens)
    acknowledged.set()
    return [call for each in taking for call in each.result()], at


def test_what_is_asked_after_an_acknowledged_revocation_is_given_by_no_process(
    tmp_path: Path, pytestconfig: pytest.Config, record_property: Callable[[str, object], None]
) -> None:
    dice = random.Random(pytestconfig.option.seed)  # noqa: S311 - to be repeated
    before: dict[str, int] = {}
    refused = 0
    with opened(tmp_path) as market, Connection(market.stage.issuer, market.players.carrier) as carrier:
        bill = market.message("transport-document-118.json").read_bytes()
        Provider(carrier).push("dcsa_ebl", bill, content_type=JSON, owner=cast.OWNER)
        market.stage.anchored()
        with at_every_process(market) as (banks, browsers), ThreadPoolExecutor(PROCESSES) as pool:
            for _ in range(pytestconfig.option.revocations):
                calls, at = race(market, pool, banks, dice.choice(browsers), dice.uniform(0, LONGEST_SECONDS))
                assert [call for call in calls if call.given and call.began > at] == []
                refused += sum(call.began > at for call in calls)
                for call in calls:
                    before[call.what] = before.get(call.what, 0) + call.given
    assert set(before) == {"pull", "refresh", "grant"}
    assert all(before.values())
    assert refused
    record_property("seed", pytestconfig.option.seed)
    record_property("revocations", pytestconfig.option.revocations)
    record_property("asked after the acknowledgement, and refused", refused)
    for what, number in before.items():
        record_property(f"{what}: given before", number)
