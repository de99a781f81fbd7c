import httpx2
import pytest

from gateway.client.connection import Connection
from gateway.client.errors import ProblemError
from gateway.client.identity import Identity, new_key, public_jwk
from gateway.client.provider import Provider
from tests.support.authorization_server import ISSUER, AuthorizationServer, problem


def connect() -> tuple[Provider, AuthorizationServer]:
    key = new_key()
    server = AuthorizationServer({"keys": [public_jwk(key)]})
    return Provider(Connection(ISSUER, Identity.of("oceanline", key), http=server.client())), server


def test_a_push_carries_the_message_as_it_is_and_names_the_owner() -> None:
    provider, server = connect()
    server.answers = [httpx2.Response(201, json={"records": []})]
    answer = provider.push("dcsa_ebl", b'{ "a":1 }', content_type="application/json", owner="lantern-trading")
    assert answer == {"records": []}
    assert server.forms[0]["scope"] == "ingest:dcsa_ebl"
    asked = server.asked[0]
    assert asked.content == b'{ "a":1 }'
    assert asked.headers["Content-Type"] == "application/json"
    assert str(asked.url) == f"{ISSUER}/ingest/dcsa_ebl?owner=lantern-trading"


def test_one_token_is_fetched_for_each_scope() -> None:
    provider, server = connect()
    server.answers = [httpx2.Response(201, json={}), httpx2.Response(200, json={}), httpx2.Response(204)]
    provider.push("dcsa_ebl", b"1", content_type="application/json")
    provider.push("dcsa_ebl", b"2", content_type="application/json")
    provider.ask_link("lantern-trading")
    assert [form["scope"] for form in server.forms] == ["ingest:dcsa_ebl", "links"]
    assert (server.asked[2].method, server.asked[2].url.path) == ("PUT", "/links/lantern-trading")


def test_every_fault_of_a_message_is_shown_with_its_place_and_its_fix() -> None:
    provider, server = connect()
    faults = [
        {"pointer": "/0/eventType", "message": "got 'MOON'", "fix": "use one of TRANSPORT, EQUIPMENT, SHIPMENT"},
        {"pointer": "", "message": "not an array"},
    ]
    server.answers = [problem(422, "invalid", detail="the message has 2 faults", errors=faults)]
    with pytest.raises(ProblemError) as caught:
        provider.push("dcsa_track_trace", b"{}", content_type="application/json")
    assert str(caught.value) == (
        "422: the message has 2 faults\n"
        "  /0/eventType: got 'MOON' Fix: use one of TRANSPORT, EQUIPMENT, SHIPMENT\n"
        "  (whole message): not an array"
    )


def test_of_many_faults_the_first_twenty_are_shown() -> None:
    provider, server = connect()
    faults = [{"pointer": f"/{number}", "message": "wrong"} for number in range(22)]
    server.answers = [problem(422, "invalid", detail="many", errors=faults)]
    with pytest.raises(ProblemError, match=r"\n  /19: wrong\n  and 2 more$"):
        provider.push("dcsa_track_trace", b"{}", content_type="application/json")
