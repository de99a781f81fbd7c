"""The client without blocking says what the other says: the same conversations, carried out in an event loop."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import httpx2
import pytest

from gateway.client.aio import AsyncBank, AsyncConnection, AsyncEvents, AsyncProvider
from gateway.client.attesting import Deleted, Pulled
from gateway.client.bounded import ATTEMPTS
from gateway.client.errors import NotYetError, OAuthError, ProtocolError, UnreachableError
from gateway.client.identity import Identity, new_key, public_jwk
from tests.support.authorization_server import ISSUER, AuthorizationServer, problem

REDIRECT = "https://bank.example/back"
TOLD = (
    b'{"data":{"consent":"abc","version":2},"id":"evt_1","number":7,'
    b'"timestamp":"2026-11-24T09:00:00Z","type":"consent.given"}'
)
Conversation = Callable[[AsyncConnection, AuthorizationServer], Coroutine[Any, Any, None]]


def hold(conversation: Conversation, **server: Any) -> None:
    """Have a conversation with a simulated gateway."""

    async def held() -> None:
        key = new_key()
        simulator = AuthorizationServer({"keys": [public_jwk(key)]}, **server)
        http = httpx2.AsyncClient(transport=httpx2.MockTransport(simulator.handle))
        async with AsyncConnection(ISSUER, Identity.of("harbour-bank", key), http=http) as connection:
            await conversation(connection, simulator)

    asyncio.run(held())


async def all_of(found: AsyncIterator[Any]) -> list[Any]:
    return [each async for each in found]


def test_a_bank_asks_exchanges_the_code_and_pulls_page_after_page() -> None:
    async def conversation(connection: AsyncConnection, server: AuthorizationServer) -> None:
        bank = AsyncBank(connection)
        request = await bank.request({"type": "trade_data"}, redirect_uri=REDIRECT)
        answer = urlencode({"code": "code-1", "state": request.state, "iss": ISSUER})
        tokens = await bank.exchange(request, f"{REDIRECT}?{answer}")
        server.answers = [
            problem(503, "not_yet", {"Retry-After": "0"}, detail="the grant is not final"),
            httpx2.Response(200, content=b"1", headers={"Tidegate-Next-Cursor": "two"}),
            httpx2.Response(200, content=b"2"),
        ]
        pages = await all_of(bank.pages(tokens, patience=5))
        assert [page.data for page in pages] == [b"1", b"2"]
        server.answers = [problem(503, "not_yet", {"Retry-After": "2"}, detail="the grant is not final")]
        with pytest.raises(NotYetError):
            await bank.evidence(tokens)
        with pytest.raises(OAuthError, match=r"^invalid_grant: the consent is revoked$"):
            await bank.refresh("ended")

    hold(conversation, nonces=["unknown", "second", "third"])


def test_a_bank_attests_what_it_deleted() -> None:
    async def conversation(connection: AsyncConnection, server: AuthorizationServer) -> None:
        bank, now = AsyncBank(connection), datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
        server.answers = [httpx2.Response(201, json={"id": "kept"}), httpx2.Response(200, content=b"file")]
        assert await bank.attest(Pulled("c1", 2, now), Deleted(now)) == {"id": "kept"}
        assert await bank.attestations("c1") == b"file"
        assert [request.url.path for request in server.asked] == ["/consents/c1/attestations"] * 2

    hold(conversation)


def test_a_provider_pushes_and_asks_for_links() -> None:
    async def conversation(connection: AsyncConnection, server: AuthorizationServer) -> None:
        provider = AsyncProvider(connection)
        server.answers = [
            httpx2.Response(201, json={"records": []}),
            httpx2.Response(204),
            httpx2.Response(200, json={"links": [{"owner": "lantern-trading"}]}),
        ]
        assert await provider.push("dcsa_ebl", b"1", content_type="application/json") == {"records": []}
        await provider.ask_link("lantern-trading")
        assert await provider.links() == [{"owner": "lantern-trading"}]
        assert [form["scope"] for form in server.forms] == ["ingest:dcsa_ebl", "links"]

    hold(conversation)


def test_events_are_read_and_webhooks_kept() -> None:
    async def conversation(connection: AsyncConnection, server: AuthorizationServer) -> None:
        events = AsyncEvents(connection)
        server.answers = [
            httpx2.Response(200, content=b'{"events":[' + TOLD + b'],"next":7,"more":true}'),
            httpx2.Response(200, json={"events": [], "next": 7, "more": False}),
            httpx2.Response(201, json={"webhook": {}, "secret": "whsec_1"}),
            httpx2.Response(200, json={"webhooks": [{"name": "main"}]}),
            httpx2.Response(201, json={"secret": "whsec_2", "previous_until": None}),
            httpx2.Response(202, json={"queued": 3}),
            httpx2.Response(200, json={"deliveries": [{"number": 7}], "next": 7}),
            httpx2.Response(200, json={"deliveries": [], "next": None}),
            httpx2.Response(204),
        ]
        assert [each.number for each in await all_of(events.after(0))] == [7]
        assert await events.put_webhook("main", "https://bank.example/h") == "whsec_1"
        assert await events.webhooks() == [{"name": "main"}]
        assert await events.rotate_secret("main") == "whsec_2"
        assert await events.replay("main", after=2) == 3
        assert await all_of(events.deliveries("main")) == [{"number": 7}]
        await events.delete_webhook("main")
        assert [request.url.params.get("after") for request in server.asked[:2]] == ["0", "7"]

    hold(conversation)


def test_a_stream_that_ends_is_opened_again_where_it_was() -> None:
    async def conversation(connection: AsyncConnection, server: AuthorizationServer) -> None:
        sent = {"Content-Type": "text/event-stream"}
        server.answers = [
            httpx2.Response(200, content=b"id: 7\ndata: " + TOLD + b"\n\n", headers=sent),
            httpx2.Response(200, content=b"data: {}\n\n", headers=sent),
        ]
        heard = AsyncEvents(connection).stream(3)
        assert (await anext(heard)).number == 7
        with pytest.raises(ProtocolError, match=r"^an event has another form than docs/events.md says$"):
            await anext(heard)
        assert [request.headers["Last-Event-ID"] for request in server.asked] == ["3", "7"]

    hold(conversation)


def test_tasks_that_share_a_connection_wait_for_each_other() -> None:
    async def conversation(connection: AsyncConnection, server: AuthorizationServer) -> None:
        provider = AsyncProvider(connection)
        server.answers = [httpx2.Response(201, json={}) for _ in range(5)]
        pushes = [provider.push("dcsa_ebl", b"1", content_type="application/json") for _ in range(5)]
        assert await asyncio.gather(*pushes) == [{}] * 5
        assert len(server.forms) == 1

    hold(conversation)


@pytest.mark.parametrize(
    ("error", "attempts"), [(httpx2.ConnectError("refused"), ATTEMPTS), (httpx2.ReadError("broken"), 1)]
)
def test_a_push_that_may_have_arrived_is_not_sent_twice(error: Exception, attempts: int) -> None:
    tried: list[str] = []

    async def conversation(connection: AsyncConnection, _: AuthorizationServer) -> None:
        await connection.run(connection.dialogue.own_token("ingest:dcsa_ebl"))

        def fail(request: httpx2.Request) -> httpx2.Response:
            tried.append(request.headers["DPoP"])
            raise error

        connection._http = httpx2.AsyncClient(transport=httpx2.MockTransport(fail))
        with pytest.raises(UnreachableError):
            await AsyncProvider(connection).push("dcsa_ebl", b"1", content_type="application/json")

    hold(conversation)
    assert len(tried) == len(set(tried)) == attempts
