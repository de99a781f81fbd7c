"""One id leads from a request's answer through the gateway's log, the worker's, and onto the ledger."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx2
import pytest

from gateway.cli.demo import cast
from gateway.cli.demo.play import SHIPMENT, message
from gateway.client.bank import Bank
from gateway.client.connection import Connection
from gateway.client.provider import Provider
from tests.support import builders
from tests.support.market import PATIENCE_SECONDS, Market, opened


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Market]:
    with opened(tmp_path_factory.mktemp("market")) as market:
        yield market


def lead_to_the_ledger(market: Market, request_id: str, stream: str) -> None:
    """Follow a request as docs/operating.md says."""
    [batched] = market.lines(1, request_id=request_id, event="leaves are in a batch", stream=stream)
    made, final = market.lines(2, event="a ledger entry", entry=batched["entry"])
    assert (made["outcome"], final["outcome"]) == ("made", "final")
    assert (final["type"], final["subject"]) == ("batch.anchor", stream)
    assert final["height"] > 0


def test_one_id_leads_from_a_push_through_consent_and_pull_to_the_ledger(market: Market) -> None:
    ids: dict[str, str] = {}

    def note(response: httpx2.Response) -> None:
        ids[response.request.url.path] = response.headers["x-request-id"]

    with httpx2.Client(trust_env=False, event_hooks={"response": [note]}) as http:
        _push(market, Provider(Connection(market.stage.issuer, market.players.carrier, http=http)), ids)
        _consent_and_pull(market, Bank(Connection(market.stage.issuer, market.players.bank, http=http)), ids)


def _push(market: Market, carrier: Provider, ids: dict[str, str]) -> None:
    pushed = message("transport-document-118.json")
    carrier.push("dcsa_ebl", pushed, content_type="application/json", owner=cast.OWNER)
    [answered] = market.lines(1, request_id=ids["/ingest/dcsa_ebl"], event="answered")
    assert (answered["route"], answered["status"], answered["client"]) == ("/ingest/{connector}", 201, cast.CARRIER)
    lead_to_the_ledger(market, ids["/ingest/dcsa_ebl"], "records")


def _consent_and_pull(market: Market, bank: Bank, ids: dict[str, str]) -> None:
    bill = {"scheme": "transport_document", "issuer": cast.CARRIER_CODE, "value": SHIPMENT}
    asked = builders.details(
        owner={"scheme": "br_number", "value": cast.BR_NUMBER},
        identifiers=[bill],
        period=...,
        expires_at=f"{datetime.now(UTC) + timedelta(days=30):%Y-%m-%d}T00:00:00Z",
    )
    request = bank.request(asked, redirect_uri=cast.REDIRECT_URI)
    page = market.owner.press(market.owner.open(request.url), "Continue")
    market.owner.press(page, "Approve with passkey")
    tokens = bank.exchange(request, market.owner.left_for)
    [approved] = market.lines(1, event="answered", route="/portal/requests/{request_id}/approve")
    entries = market.lines(2, request_id=approved["request_id"], event="a ledger entry", type="consent.granted")
    assert [(line["outcome"], line["subject"]) for line in entries] == [
        ("made", tokens.grant_id),
        ("final", tokens.grant_id),
    ]

    bank.evidence(tokens, patience=PATIENCE_SECONDS)
    lead_to_the_ledger(market, ids["/evidence"], "receipts")


def test_an_id_that_a_client_made_is_found_in_the_log(market: Market) -> None:
    given = "0b9d3f6c-6a53-4f0e-9d53-0a3f1c3b7a11"
    answer = httpx2.post(f"{market.stage.issuer}/evidence", headers={"X-Request-Id": given})
    assert answer.json()["instance"] == f"urn:uuid:{given}"
    [line] = market.lines(1, request_id=given)
    assert (line["route"], line["status"], line["event"]) == ("/evidence", 401, "answered")
