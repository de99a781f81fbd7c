"""A bank that listens is told, by real processes: of what a provider pushes, and last of the revocation."""

import statistics
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from queue import Queue

from gateway.cli.demo import cast
from gateway.client.bank import Bank
from gateway.client.connection import Connection
from gateway.client.events import Event, Events
from gateway.client.provider import Provider
from tests.support import builders
from tests.support.market import Market, opened
from tests.support.messages import body, event
from tests.support.waiting import PATIENCE_SECONDS

PUSHES = 5
SOON_SECONDS = 5.0
"""On a machine that does nothing else it is below one; see benchmarks/README.md."""


def consented(market: Market, bank: Bank) -> str:
    """Return the id of a consent to everything that the owner's events say."""
    asked = builders.details(
        owner={"scheme": "br_number", "value": cast.BR_NUMBER},
        identifiers=...,
        period=...,
        fields={},
        expires_at=f"{datetime.now(UTC) + timedelta(days=30):%Y-%m-%d}T00:00:00Z",
    )
    request = bank.request(asked, redirect_uri=cast.REDIRECT_URI)
    page = market.owner.press(market.owner.open(request.url), "Continue")
    market.owner.press(page, "Approve with passkey")
    consent = str(bank.exchange(request, market.owner.left_for).grant_id)
    market.stage.anchored()
    return consent


def listen(connection: Connection, heard: "Queue[tuple[Event, float]]") -> None:
    with suppress(RuntimeError):  # at the end of the test its client is closed
        for each in Events(connection).stream(0):
            heard.put((each, time.monotonic()))


def test_a_listening_bank_is_told_soon_after_the_provider_has_its_answer(tmp_path: Path) -> None:
    heard: Queue[tuple[Event, float]] = Queue()

    def next_event() -> tuple[Event, float]:
        return heard.get(timeout=PATIENCE_SECONDS)

    with (
        opened(tmp_path) as market,
        Connection(market.stage.issuer, market.players.bank) as connection,
        Connection(market.stage.issuer, market.players.bank) as other,
        Connection(market.stage.issuer, market.players.carrier) as carrier,
    ):
        consent = consented(market, Bank(connection))
        threading.Thread(target=listen, args=(other, heard), daemon=True).start()
        assert [next_event()[0].type for _ in range(2)] == ["consent.requested", "consent.given"]
        waited = []
        for number in range(PUSHES):
            message = body([event(f"soon {number}")])
            Provider(carrier).push("dcsa_track_trace", message, content_type="application/json", owner=cast.OWNER)
            acknowledged = time.monotonic()
            told, at = next_event()
            assert (told.type, told.consent, told.data) == (
                "records.available",
                consent,
                {"records": {"transport_event": 1}},
            )
            waited.append(at - acknowledged)
        page = market.owner.open(f"{market.stage.issuer}/portal/consents/{consent}/stop")
        market.owner.press(page, "Stop sharing")
        assert next_event()[0].type == "consent.withdrawn"
    print(f"push acknowledged to event heard: median {statistics.median(waited):.3f} s, most {max(waited):.3f} s")  # noqa: T201 - the figure
    assert statistics.median(waited) < SOON_SECONDS
