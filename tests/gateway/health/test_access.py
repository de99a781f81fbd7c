import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive, Scope, Send

from gateway import figures
from gateway.health.access import Observed
from tests.support import builders
from tests.support.app import Gateway, running
from tests.support.callers import ApiCaller
from tests.support.logs import Logged, logged

CANARY = "canary-7f3a"
REQUEST = "0b9d3f6c-6a53-4f0e-9d53-0a3f1c3b7a11"


@pytest.fixture
def log() -> Iterator[Logged]:
    with logged() as found:
        yield found


@pytest.fixture
def gateway(log: Logged, database_url: str, tmp_path: Path) -> Iterator[Gateway]:  # noqa: ARG001 - logs from its beginning
    with running(database_url, tmp_path) as gateway:
        yield gateway


def answered(log: Logged) -> dict[str, Any]:
    """Return the one access line, without its time and duration."""
    [line] = log.about("answered")
    assert line.pop("milliseconds") > 0
    assert line.pop("timestamp")
    return line


def call(raising: Exception, *, method: str = "GET", begun: bool = False) -> list[Message]:
    """Have an application raise within the middleware; return what was sent."""
    sent: list[Message] = []

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        if begun:
            await send({"type": "http.response.start", "status": 200, "headers": []})
        raise raising

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": method, "path": f"/{CANARY}", "headers": [(b"x-request-id", REQUEST.encode())]}
    asyncio.run(Observed(app, {})(scope, receive, send))
    return sent


def test_a_request_is_one_line_with_the_routes_template(gateway: Gateway, log: Logged) -> None:
    answer = gateway.client.get(f"/portal/assets/{CANARY}/x?{CANARY}=1")
    assert answered(log) == {
        "event": "answered",
        "level": "info",
        "method": "GET",
        "route": "/portal/assets/{digest}/{name}",
        "status": 404,
        "request_id": answer.headers["x-request-id"],
    }
    assert CANARY not in log.text


def test_a_pull_is_told_by_its_route(gateway: Gateway, log: Logged) -> None:
    gateway.client.post("/evidence")
    line = answered(log)
    assert (line["route"], line["status"]) == ("/evidence", 401)


def test_a_path_that_no_route_has_is_not_told(gateway: Gateway, log: Logged) -> None:
    gateway.client.get(f"/{CANARY}")
    assert answered(log)["route"] == "(no route)"
    assert CANARY not in log.text


def test_a_client_is_told_once_it_has_proved_to_be_one(gateway: Gateway, log: Logged) -> None:
    ApiCaller(gateway, builders.CARRIER, "links").request("GET", "/links")
    assert answered(log)["client"] == builders.CARRIER


def test_a_stranger_has_no_name(gateway: Gateway, log: Logged) -> None:
    caller = ApiCaller(gateway, CANARY, "links")
    gateway.client.get("/links", headers={"Authorization": f"DPoP {caller.token}"})
    assert answered(log)["status"] == 401
    assert CANARY not in log.text


def test_an_id_that_is_a_uuid_is_kept(gateway: Gateway, log: Logged) -> None:
    answer = gateway.client.get("/links", headers={"X-Request-Id": REQUEST.upper()})
    assert answer.headers["x-request-id"] == REQUEST
    assert answer.json()["instance"] == f"urn:uuid:{REQUEST}"
    assert answered(log)["request_id"] == REQUEST


@pytest.mark.parametrize(
    "given", [CANARY, REQUEST + "0", "{" + REQUEST + "}", REQUEST.replace("-", ""), "x" * 5000, ""]
)
def test_an_id_that_is_anything_else_is_made_anew(gateway: Gateway, log: Logged, given: str) -> None:
    answer = gateway.client.get("/links", headers={"X-Request-Id": given})
    made = answer.headers["x-request-id"]
    assert len(made) == len(REQUEST)
    assert made not in given
    assert answer.json()["instance"] == f"urn:uuid:{made}"
    assert CANARY not in log.text


def test_no_two_requests_have_one_id(gateway: Gateway) -> None:
    assert len({gateway.client.get("/healthz").headers["x-request-id"] for _ in range(20)}) == 20


def test_a_bug_is_answered_with_a_problem_and_told_without_values(log: Logged) -> None:
    start, body = call(ValueError(CANARY))
    assert start["status"] == 500
    assert dict(start["headers"])[b"content-type"] == b"application/problem+json"
    assert dict(start["headers"])[b"x-request-id"] == REQUEST.encode()
    told = "the gateway failed; its operator finds why in the log, by the id in `instance`"
    assert body["body"].decode() == (
        '{"type":"urn:tidegate:error:internal","title":"Internal Server Error","status":500,'
        f'"detail":"{told}","instance":"urn:uuid:{REQUEST}"}}'
    )
    [failure] = log.about("a request failed")
    assert (failure["error"], failure["request_id"]) == ("ValueError", REQUEST)
    assert failure["stack"][-1].endswith(" app")
    assert answered(log)["status"] == 500
    assert CANARY not in log.text


def test_a_database_that_is_away_is_asked_for_again(log: Logged) -> None:
    start, body = call(OperationalError(CANARY, {CANARY: CANARY}, ValueError(CANARY)))
    assert start["status"] == 503
    assert dict(start["headers"])[b"retry-after"] == b"1"
    assert json.loads(body["body"])["detail"] == "the database does not answer: ask again"
    assert log.about("a request failed")[0]["error"] == "sqlalchemy.exc.OperationalError"
    assert CANARY not in log.text


def test_a_bug_after_the_answer_began_sends_no_second_one(log: Logged) -> None:
    assert [message["type"] for message in call(ValueError(CANARY), begun=True)] == ["http.response.start"]
    assert len(log.about("a request failed")) == 1


def test_a_client_that_goes_away_is_no_failure(log: Logged) -> None:
    assert call(ClientDisconnect()) == []
    assert answered(log)["status"] == 499
    assert log.about("a request failed") == []


def test_a_method_that_is_made_up_is_not_told(log: Logged) -> None:
    call(ClientDisconnect(), method=CANARY)
    assert answered(log)["method"] == "other"
    assert CANARY not in log.text


def test_a_failing_statement_tells_neither_log_nor_client_its_parameters(gateway: Gateway, log: Logged) -> None:
    with gateway.app.state.engine.begin() as connection:
        connection.execute(text("ALTER TABLE usedproof DROP COLUMN jti"))
    caller = ApiCaller(gateway, CANARY, "links")
    answer = caller.request("GET", "/links")
    assert (answer.status_code, answer.json()["type"]) == (500, "urn:tidegate:error:internal")
    [failure] = log.about("a request failed")
    assert failure["error"] == "sqlalchemy.exc.ProgrammingError"
    assert "psycopg.errors.UndefinedColumn (42703)" in failure["stack"]
    assert log.text.replace(f'"client": "{CANARY}"', "").count(CANARY) == 0
    assert CANARY not in answer.text


def test_requests_are_counted_by_route_and_never_by_path(gateway: Gateway) -> None:
    def counted(route: str, status: str) -> float:
        labels = {"route": route, "status": status}
        return figures.REGISTRY.get_sample_value("tidegate_requests_total", labels) or 0

    before = counted("/healthz", "200"), counted("(no route)", "404")
    gateway.client.get("/healthz")
    gateway.client.get(f"/{CANARY}")
    assert (counted("/healthz", "200"), counted("(no route)", "404")) == (before[0] + 1, before[1] + 1)
    assert CANARY not in gateway.client.get("/metrics").text
