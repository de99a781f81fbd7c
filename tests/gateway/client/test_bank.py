import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

from gateway.client.bank import Bank, ConsentRequest
from gateway.client.connection import Connection, Tokens
from gateway.client.errors import ClientError, NotYetError, OAuthError, ProblemError, ProtocolError, UnreachableError
from gateway.client.identity import Identity, PrivateKey, new_key, public_jwk
from tests.support.authorization_server import ISSUER, AuthorizationServer, problem

REDIRECT = "https://bank.example/back"
DETAILS = {"type": "trade_data", "products": ["transport_event"]}


def connect(make_key: Callable[[], PrivateKey] = new_key, **server: Any) -> tuple[Bank, AuthorizationServer]:
    key = make_key()
    simulator = AuthorizationServer({"keys": [public_jwk(key)]}, **server)
    connection = Connection(ISSUER, Identity.of("harbour-bank", key), http=simulator.client())
    return Bank(connection), simulator


def back(request: ConsentRequest, **changes: str) -> str:
    answer = {"code": "code-1", "state": request.state, "iss": ISSUER, **changes}
    return f"{REDIRECT}?{urlencode(answer)}"


def granted(bank: Bank) -> Tokens:
    request = bank.request(DETAILS, redirect_uri=REDIRECT)
    return bank.exchange(request, back(request))


@pytest.mark.parametrize("make_key", [new_key, Ed25519PrivateKey.generate, lambda: generate_private_key(65537, 2048)])
def test_a_bank_asks_and_exchanges_the_code_with_each_kind_of_key(make_key: Callable[[], PrivateKey]) -> None:
    bank, server = connect(make_key)
    request = bank.request(DETAILS, redirect_uri=REDIRECT)
    query = parse_qs(urlsplit(request.url).query)
    assert query == {"client_id": ["harbour-bank"], "request_uri": ["urn:request:1"]}
    tokens = bank.exchange(request, back(request))
    assert (tokens.access_token, tokens.refresh_token, tokens.grant_id) == ("token-1", "refresh-1", "grant-1")
    assert tokens.details == ({"type": "t"},)
    assert json.loads(server.forms[0]["authorization_details"]) == [DETAILS]
    assert server.forms[1]["redirect_uri"] == REDIRECT


def test_a_changed_nonce_is_taken_up_at_once() -> None:
    bank, server = connect(nonces=["unknown", "second", "third"])
    server.answers = [httpx2.Response(200, content=b"{}")]
    assert bank.evidence(granted(bank)).data == b"{}"


def test_a_server_that_never_takes_its_own_nonce_is_given_up() -> None:
    bank, _ = connect(stubborn=True)
    with pytest.raises(OAuthError, match=r"^use_dpop_nonce$"):
        bank.request(DETAILS, redirect_uri=REDIRECT)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"state": "x"}, "the browser came back with another state: this is not the answer to our request"),
        ({"iss": "https://evil.example"}, f"answer of issuer 'https://evil.example', expected '{ISSUER}'"),
    ],
)
def test_an_answer_that_is_not_to_this_request_is_refused(changes: dict[str, str], message: str) -> None:
    bank, _ = connect()
    request = bank.request(DETAILS, redirect_uri=REDIRECT)
    with pytest.raises(ProtocolError) as caught:
        bank.exchange(request, back(request, **changes))
    assert str(caught.value) == message


def test_the_owners_refusal_is_told() -> None:
    bank, _ = connect()
    request = bank.request(DETAILS, redirect_uri=REDIRECT)
    with pytest.raises(OAuthError, match=r"^access_denied: the owner refused$"):
        bank.exchange(request, back(request, error="access_denied", error_description="the owner refused"))


def test_a_consent_that_waits_for_a_second_person_is_named_and_asked_for_by_its_id() -> None:
    bank, server = connect()
    request = bank.request(DETAILS, redirect_uri=REDIRECT)
    with pytest.raises(OAuthError) as told:
        bank.exchange(request, back(request, error="access_denied", consent="grant-1"))
    assert told.value.consent == "grant-1"
    bank.request(DETAILS, redirect_uri=REDIRECT, consent="grant-1")
    assert [form.get("consent") for form in server.forms] == [None, "grant-1"]


def test_an_ended_consent_cannot_be_refreshed() -> None:
    bank, _ = connect()
    assert bank.refresh("refresh-1").access_token == "token-1"
    with pytest.raises(OAuthError, match=r"^invalid_grant: the consent is revoked$"):
        bank.refresh("ended")


def test_a_bearer_token_is_refused() -> None:
    bank, _ = connect(token_type="Bearer")
    with pytest.raises(ProtocolError, match=r"^token of type 'Bearer', expected DPoP$"):
        bank.refresh("refresh-1")


def test_another_issuers_metadata_is_refused() -> None:
    bank, _ = connect(issuer="https://evil.example")
    with pytest.raises(
        ProtocolError,
        match=r"^the issuer at https://gateway.example says it is 'https://evil.example' \(RFC 8414 section 3.3\)$",
    ):
        bank.refresh("refresh-1")


def test_pages_follow_the_cursor() -> None:
    bank, server = connect()
    server.answers = [
        httpx2.Response(200, content=b'{"page":1}', headers={"Tidegate-Next-Cursor": "two"}),
        httpx2.Response(200, content=b'{"page":2}'),
    ]
    pages = list(bank.pages(granted(bank), {"products": ["transport_event"]}))
    assert [page.data for page in pages] == [b'{"page":1}', b'{"page":2}']
    assert json.loads(server.asked[1].content) == {"products": ["transport_event"], "cursor": "two"}


def test_a_consent_that_is_not_final_yet_is_asked_for_again() -> None:
    bank, server = connect()
    server.answers = [
        problem(503, "not_yet", {"Retry-After": "0"}, detail="the grant is not final"),
        httpx2.Response(200, content=b"{}"),
    ]
    assert bank.evidence(granted(bank), patience=1).data == b"{}"


def test_patience_ends() -> None:
    bank, server = connect()
    server.answers = [problem(503, "not_yet", {"Retry-After": "2"}, detail="the grant is not final")]
    with pytest.raises(NotYetError, match=r"^503: the grant is not final$") as caught:
        bank.evidence(granted(bank), patience=1)
    assert caught.value.retry_after == 2


def test_a_failure_of_the_gateway_is_told_with_the_requests_id() -> None:
    bank, server = connect()
    given = "0b9d3f6c-6a53-4f0e-9d53-0a3f1c3b7a11"
    server.answers = [problem(500, "internal", detail="the gateway failed", instance=f"urn:uuid:{given}")]
    with pytest.raises(ProblemError, match=rf"^500: the gateway failed \(request {given}\)$"):
        bank.evidence(granted(bank))


def test_a_refused_pull_says_why_in_oauths_terms() -> None:
    bank, server = connect()
    challenge = {"WWW-Authenticate": 'DPoP error="invalid_token", error_description="gone"'}
    server.answers = [
        problem(401, "unauthenticated", challenge, detail="the consent is revoked", error="invalid_token")
    ]
    with pytest.raises(ProblemError, match=r"^401 invalid_token: the consent is revoked$") as caught:
        bank.evidence(granted(bank))
    assert (caught.value.status, caught.value.error, caught.value.code) == (401, "invalid_token", "unauthenticated")


def test_an_answer_without_a_reason_is_named() -> None:
    bank, server = connect()
    server.answers = [httpx2.Response(502, text="bad gateway")]
    with pytest.raises(ProtocolError, match=r"^POST https://gateway.example/evidence answered 502 without a reason$"):
        bank.evidence(granted(bank))


def test_a_gateway_that_is_not_there_is_named() -> None:
    def refuse(_: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("connection refused")

    http = httpx2.Client(transport=httpx2.MockTransport(refuse))
    bank = Bank(Connection(ISSUER, Identity.of("harbour-bank", new_key()), http=http))
    with pytest.raises(UnreachableError, match=r": connection refused; is the gateway running there\?$"):
        bank.refresh("refresh-1")
    assert issubclass(UnreachableError, ClientError)
