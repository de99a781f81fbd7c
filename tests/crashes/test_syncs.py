"""A sync precedes every acknowledgement: seen from outside, in the system calls of gateway, worker and PostgreSQL.

The worker stands still while requests are answered, so that PostgreSQL syncs for them alone.
"""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx2
import pytest
from sqlalchemy import text

from gateway.cli.demo import cast
from gateway.cli.demo.play import JSON, message
from gateway.client.bank import Bank
from gateway.client.connection import Connection, Tokens
from gateway.client.provider import Provider
from tests.support import aftermath
from tests.support.killing import Victim, pids
from tests.support.load import asked
from tests.support.market import Market, opened
from tests.support.tracing import Call, calls, traced

SYNCS = ("fsync", "fdatasync")
RECEIVES = ("read", "readv", "recvfrom", "recvmsg")
SENDS = ("write", "writev", "sendto", "sendmsg")
NUMBER = "OCLNHKG26118"


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Market]:
    with opened(tmp_path_factory.mktemp("market")) as market:
        yield market


@pytest.fixture(scope="module")
def provider(market: Market) -> Iterator[Provider]:
    with Connection(market.stage.issuer, market.players.carrier) as connection:
        provider = Provider(connection)
        provider.push("dcsa_ebl", message("transport-document-131.json"), content_type=JSON, owner=cast.OWNER)
        yield provider


@pytest.fixture(scope="module")
def bank(market: Market) -> Iterator[Bank]:
    with Connection(market.stage.issuer, market.players.bank) as connection:
        yield Bank(connection)


def granted(market: Market, bank: Bank) -> Tokens:
    request = bank.request(asked([NUMBER]), redirect_uri=cast.REDIRECT_URI)
    review = market.owner.press(market.owner.open(request.url), "Continue")
    market.owner.press(review, "Approve with passkey")
    tokens = bank.exchange(request, market.owner.left_for)
    bank.evidence(tokens, patience=20.0)
    return tokens


@contextmanager
def standing_still(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def seen(market: Market, do: Callable[[], object]) -> list[Call]:
    """Return what gateway and PostgreSQL did while something was done, the worker standing still."""
    traces = market.folder / "trace"
    everybody = [
        each for victim in (Victim.GATEWAY, Victim.POSTMASTER, Victim.BACKEND) for each in pids(market.stage, victim)
    ]
    with standing_still(pids(market.stage, Victim.WORKER)[0]), traced(everybody, traces):
        do()
    return calls(traces)


def syncs_before_the_answer(found: list[Call], request: str, answer: str) -> int:
    """Return how many syncs of PostgreSQL's log fall between the arrival of a request and the sending of its answer."""
    arrived = [each for each in found if each.name in RECEIVES and f'"{request}' in each.text]
    assert arrived, f"the gateway received no {request}"
    sent = next(
        each
        for each in found
        if each.name in SENDS and each.begun > arrived[-1].ended and f"HTTP/1.1 {answer} " in each.text
    )
    return sum(
        each.name in SYNCS and "/pg_wal/" in each.text and arrived[-1].begun < each.begun and each.ended < sent.begun
        for each in found
    )


def test_a_push_is_synced_before_it_is_acknowledged(market: Market, provider: Provider) -> None:
    content = message("transport-document-118.json")
    found = seen(market, lambda: provider.push("dcsa_ebl", content, content_type=JSON, owner=cast.OWNER))
    assert syncs_before_the_answer(found, "POST /ingest/dcsa_ebl", "201") >= 1


def test_a_request_an_approval_and_a_token_are_synced_before_they_are_acknowledged(market: Market, bank: Bank) -> None:
    bank.connection.metadata  # noqa: B018 - fetched beforehand

    def consent() -> None:
        request = bank.request(asked([NUMBER]), redirect_uri=cast.REDIRECT_URI)
        review = market.owner.press(market.owner.open(request.url), "Continue")
        market.owner.press(review, "Approve with passkey")
        bank.exchange(request, market.owner.left_for)

    found = seen(market, consent)
    assert syncs_before_the_answer(found, "POST /oauth/par", "201") >= 1
    approvals = [each.text for each in found if each.name in RECEIVES and "/approve HTTP" in each.text]
    path = approvals[0].split('"POST ')[1].split(" HTTP")[0]
    assert syncs_before_the_answer(found, f"POST {path}", "303") >= 1
    assert syncs_before_the_answer(found, "POST /oauth/token", "200") >= 1


def test_a_pull_and_a_revocation_are_synced_before_they_are_acknowledged(market: Market, bank: Bank) -> None:
    tokens = granted(market, bank)
    confirm = market.owner.open(f"{market.stage.issuer}/portal/consents/{tokens.grant_id}/stop")

    def pull_and_stop() -> None:
        bank.evidence(tokens)
        market.owner.press(confirm, "Stop sharing")

    found = seen(market, pull_and_stop)
    assert syncs_before_the_answer(found, "POST /evidence", "200") >= 1
    assert syncs_before_the_answer(found, f"POST /portal/consents/{tokens.grant_id}/stop", "303") >= 1


def test_what_acknowledges_nothing_needs_no_sync(market: Market) -> None:
    with httpx2.Client(base_url=market.stage.issuer, trust_env=False) as http:
        found = seen(market, lambda: http.get("/healthz"))
    assert syncs_before_the_answer(found, "GET /healthz", "200") == 0


def test_the_ledger_is_synced_before_anything_is_called_final(market: Market, provider: Provider) -> None:
    worker, trace = pids(market.stage, Victim.WORKER)[0], market.folder / "trace"
    market.stage.anchored()
    with traced([worker], trace):
        content = message("transport-document-118.json").replace(b"2350.0", b"2351.0")
        provider.push("dcsa_ebl", content, content_type=JSON, owner=cast.OWNER)
        market.stage.anchored()
    found = calls(trace)
    final = next(
        each for each in found if each.name in SENDS and "UPDATE ledgerentry" in each.text and "final" in each.text
    )
    synced = [each for each in found if each.name in SYNCS and "ledger.sqlite-wal" in each.text]
    assert [each for each in synced if each.ended < final.begun]


def test_the_running_server_syncs_what_it_commits(market: Market) -> None:
    with aftermath.session(market.stage) as session:
        said = {
            name: session.execute(text(f"SHOW {name}")).scalar_one()
            for name in ("fsync", "synchronous_commit", "full_page_writes", "wal_sync_method")
        }
    assert said.pop("wal_sync_method") in ("fdatasync", "fsync", "open_datasync", "open_sync")
    assert said == {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
