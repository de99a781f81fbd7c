"""The story: an operator audits a gateway that runs, in processes of their own, while a carrier pushes."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.client.connection import Connection
from gateway.client.provider import Provider
from tests.support.cli import process
from tests.support.market import Market, opened

AUDITS = 2
PAUSE_SECONDS = 0.1


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Market]:
    with opened(tmp_path_factory.mktemp("audited")) as market:
        yield market


def bills(market: Market, ended: threading.Event, pushed: list[int]) -> None:
    """Push one bill after another until it is over."""
    message = market.message("transport-document-118.json").read_text()
    with Connection(market.stage.issuer, market.players.carrier) as carrier:
        while not ended.wait(PAUSE_SECONDS):
            data = message.replace("118", f"{200 + len(pushed)}").encode()
            Provider(carrier).push("dcsa_ebl", data, content_type="application/json", owner="lantern-trading")
            pushed.append(1)


def test_an_audit_beside_a_gateway_that_is_at_work_finds_nothing(market: Market) -> None:
    ended, pushed = threading.Event(), list[int]()
    carrier = threading.Thread(target=bills, args=(market, ended, pushed))
    carrier.start()
    try:
        for _ in range(AUDITS):
            told = process("audit", "verify", "--data", market.stage.data).stdout
            assert told.splitlines()[-1].startswith("OK: "), told
    finally:
        ended.set()
        carrier.join()
    market.stage.anchored()
    told = process("audit", "verify", "--data", market.stage.data).stdout
    assert f" {len(pushed)} records, " in told.splitlines()[-1]
    assert pushed


def test_an_audit_of_the_last_day_looks_at_all_that_is_newer(market: Market, tmp_path: Path) -> None:
    told = process("audit", "verify", "--data", market.stage.data, "--since", "24h", folder=tmp_path).stdout
    assert told.splitlines()[-1].startswith("OK: ")
