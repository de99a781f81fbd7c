"""What a request brings shows up in no log, no metric, no answer to others, and not on the ledger.

Real processes: gateway, worker and PostgreSQL. A canary stands in every path, query, header, form and field of requests
to every route, by strangers and by those who may; and in those that fail while PostgreSQL is gone.
"""

import json
import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from gateway.cli.demo import cast
from gateway.cli.demo.play import SHIPMENT, message
from gateway.cli.openapi import documents
from gateway.client.bank import Bank
from gateway.client.connection import Connection, Tokens
from gateway.client.errors import ClientError, NotYetError
from gateway.client.events import Events
from gateway.client.provider import Provider
from tests.support import builders
from tests.support.market import PATIENCE_SECONDS, Market, opened

CANARY = "canary7f3a"
JSON = "application/json"
HEADERS = ("accept", "cookie", "idempotency-key", "origin", "referer", "user-agent", "x-request-id", "x-canary")
CREDENTIALS = ("authorization", "dpop", "notification-signature", "forwarded", "x-forwarded-for")
FORM = (
    "client_assertion",
    "client_assertion_type",
    "client_id",
    "code",
    "code_verifier",
    "draft",
    "grant_type",
    "next",
    "passkey",
    "refresh_token",
    "request_uri",
    "scope",
    "state",
    "token",
    "until",
)
OTHERS = (
    "/healthz",
    "/readyz",
    "/metrics",
    "/links",
    "/records",
    "/portal",
    "/portal/consents",
    "/evidence",
    "/nothing",
)


def operations() -> Iterator[tuple[str, str]]:
    """Yield method and path of every operation, a canary in place of each of the path's parameters."""
    for text in documents().values():
        for path, item in json.loads(text)["paths"].items():
            for method in item:
                yield method, "/".join(CANARY if part.startswith("{") else part for part in path.split("/"))
    yield from (("get", f"/{CANARY}"), ("post", f"/{CANARY}/{CANARY}"))


def as_a_stranger(http: httpx2.Client) -> None:
    """Call everything without a right to."""
    form = {name: f"{CANARY}-{name}" for name in FORM}
    plain = {name: f"{CANARY}-{name}" for name in HEADERS}
    full = {**plain, **{name: f"DPoP {CANARY}.{CANARY}.{name}" for name in CREDENTIALS}}
    for method, path in sorted(set(operations())):
        for headers in (plain, full):
            query = {"owner": CANARY, "after": CANARY, "limit": CANARY, CANARY: CANARY}
            http.request(method, path, params=query, headers=headers, data=form)
            http.request(method, path, headers={**headers, "content-type": JSON}, content=json.dumps({CANARY: CANARY}))


def tried(call: Any, *arguments: Any, **named: Any) -> None:
    """Do something, whether the gateway takes or refuses it."""
    with suppress(ClientError):
        call(*arguments, **named)


def as_a_carrier(market: Market, http: httpx2.Client) -> None:
    """Push what is right, and what is wrong in every way, with canaries in it."""
    carrier = Provider(Connection(market.stage.issuer, market.players.carrier, http=http))
    document = json.loads(message("transport-document-118.json"))
    document["termsAndConditions"] = CANARY
    document["consignmentItems"][0]["descriptionOfGoods"] = [CANARY]
    document["documentParties"]["shipper"]["partyName"] = CANARY
    good = json.dumps(document).encode()
    carrier.push("dcsa_ebl", good, content_type=JSON, owner=cast.OWNER)
    document["termsAndConditions"] = f"{CANARY} otherwise"
    tried(carrier.push, "dcsa_ebl", json.dumps(document).encode(), content_type=JSON, owner=CANARY)
    for wrong in ({**document, CANARY: CANARY}, {**document, "transportDocumentTypeCode": CANARY}, [CANARY], CANARY):
        tried(carrier.push, "dcsa_ebl", json.dumps(wrong).encode(), content_type=JSON, owner=cast.OWNER)
    tried(carrier.push, "dcsa_track_trace", f'[{{"{CANARY}": '.encode(), content_type=JSON)
    tried(carrier.push, "dcsa_ebl", good, content_type=f"text/{CANARY}")
    tried(carrier.push, CANARY, good, content_type=JSON)
    tried(carrier.ask_link, CANARY)


def as_a_bank(market: Market, bank: Bank) -> Tokens:
    """Ask with canaries in the request, and pull with canaries in the question."""
    asked = builders.details(
        owner={"scheme": "br_number", "value": cast.BR_NUMBER},
        identifiers=[{"scheme": "transport_document", "issuer": cast.CARRIER_CODE, "value": SHIPMENT}],
        period=...,
        expires_at=f"{datetime.now(UTC) + timedelta(days=30):%Y-%m-%d}T00:00:00Z",
        purpose={"code": "trade_finance_underwriting", "text": CANARY},
    )
    for member in asked:
        tried(bank.request, {**asked, member: CANARY}, redirect_uri=cast.REDIRECT_URI)
    tried(bank.request, {**asked, CANARY: CANARY}, redirect_uri=cast.REDIRECT_URI)
    tried(bank.request, asked, redirect_uri=f"https://bank.example/{CANARY}")
    request = bank.request(asked, redirect_uri=cast.REDIRECT_URI)
    page = market.owner.press(market.owner.open(request.url), "Continue")
    market.owner.press(page, "Approve with passkey")
    tokens = bank.exchange(request, market.owner.left_for)
    assert market.stage.anchored() > 0
    assert CANARY in bank.evidence(tokens, patience=PATIENCE_SECONDS).data.decode()
    for question in ({"products": [CANARY]}, {"cursor": CANARY}, {"since": CANARY}, {CANARY: CANARY}):
        tried(bank.evidence, tokens, question)
    tried(bank.refresh, CANARY)
    events = Events(bank.connection)
    tried(events.put_webhook, "main", f"https://{CANARY}.invalid/{CANARY}?{CANARY}")
    tried(events.put_webhook, CANARY, f"https://{CANARY}:{CANARY}@{CANARY}.invalid/")
    tried(bank.request, asked, redirect_uri=cast.REDIRECT_URI)
    return tokens


def without_database(market: Market, http: httpx2.Client, bank: Bank, tokens: Tokens) -> None:
    """Kill PostgreSQL, keep it from starting again, and call everything again."""
    files = market.stage.data / "postgresql"
    pid = int((files / "postmaster.pid").read_text().split()[0])
    control = (files / "global" / "pg_control").rename(files / "pg_control.away")
    os.kill(pid, signal.SIGQUIT)
    as_a_stranger(http)
    with pytest.raises(NotYetError, match=r"^503: the database does not answer: ask again"):
        bank.evidence(tokens, {"products": [CANARY]})
    with pytest.raises(NotYetError, match=r"^503: the database does not answer: ask again"):
        bank.refresh(CANARY)
    control.rename(files / "global" / "pg_control")


def found_in(folder: Path, *patterns: str) -> list[str]:
    """Return the files that hold the canary."""
    files = [path for pattern in patterns for path in folder.glob(pattern)]
    assert len(files) >= len(patterns)
    return [str(path) for path in files if CANARY.encode() in path.read_bytes()]


def test_a_canary_shows_up_nowhere(tmp_path: Path) -> None:
    with (
        opened(tmp_path) as market,
        httpx2.Client(base_url=market.stage.issuer, trust_env=False) as http,
        httpx2.Client(base_url=market.stage.issuer, trust_env=False) as other,
    ):
        as_a_stranger(http)
        as_a_carrier(market, http)
        bank = Bank(Connection(market.stage.issuer, market.players.bank, http=http))
        tokens = as_a_bank(market, bank)
        told = [other.request(method, path) for path in OTHERS for method in ("get", "post")]
        without_database(market, http, bank, tokens)
        told += [other.request(method, path) for path in OTHERS for method in ("get", "post")]
        log = market.lines(1, event="the database did not answer a pull")
        assert {line["level"] for line in log} == {"error"}
        assert market.lines(1, event="a request failed")
        assert market.lines(1, event="answered", status=503, route="/portal/sign-in")
    assert [answer.url for answer in told if CANARY in f"{answer.headers} {answer.text}"] == []
    assert any("tidegate_pull_records_total 1.0" in answer.text for answer in told)
    assert found_in(tmp_path, "gateway.log", "data/postgresql/log", "data/ledger.sqlite*") == []
