"""The endpoints over HTTP: each wrong request gets its exact answer."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx2
import pytest
from sqlmodel import Session, select

from gateway.client.connection import ASSERTION_TYPE, Connection, Tokens
from gateway.client.errors import OAuthError, ProblemError
from gateway.oauth.tables import Code, RefreshToken
from ledger.codec import b64u, sha256
from tests.support import builders
from tests.support.app import ISSUER
from tests.support.path import REDIRECT, WholePath

VERIFIER = "v" * 43


@pytest.fixture
def bank(path: WholePath) -> Connection:
    return path.connection(path.bank)


def par(**changes: Any) -> dict[str, str]:
    form = {
        "response_type": "code",
        "redirect_uri": REDIRECT,
        "state": "s",
        "code_challenge": b64u(sha256(VERIFIER.encode())),
        "code_challenge_method": "S256",
        "authorization_details": json.dumps([builders.details()]),
        **changes,
    }
    return {name: value for name, value in form.items() if value is not ...}


@pytest.mark.parametrize(
    ("changes", "error", "description"),
    [
        ({"request_uri": "urn:x"}, "invalid_request", "request_uri must not be pushed"),
        (
            {"request": "e30"},
            "invalid_request",
            f"{', '.join(sorted(par()))}: expected within the request object",
        ),
        ({"client_id": "westbank"}, "invalid_client", "the client is not registered, or client_id is another"),
        ({"response_type": ...}, "invalid_request", "response_type is missing"),
        ({"response_type": "token"}, "unsupported_response_type", "response_type must be code"),
        (
            {"redirect_uri": REDIRECT + "/"},
            "invalid_request",
            "redirect_uri must be one of those registered, character by character",
        ),
        (
            {"redirect_uri": ...},
            "invalid_request",
            "redirect_uri must be one of those registered, character by character",
        ),
        ({"code_challenge_method": "plain"}, "invalid_request", "code_challenge_method must be S256"),
        ({"code_challenge_method": ...}, "invalid_request", "code_challenge_method must be S256"),
        (
            {"code_challenge": "short"},
            "invalid_request",
            "code_challenge must be base64url of a SHA-256 digest, 43 characters",
        ),
        (
            {"response_mode": "fragment"},
            "invalid_request",
            "response_mode must be one of query, jwt, query.jwt, or left out",
        ),
        ({"scope": "openid"}, "invalid_scope", "scope must be evidence, or left out"),
        ({"state": "s" * 1025}, "invalid_request", "state must have at most 1024 characters"),
        ({"dpop_jkt": "x"}, "invalid_request", "dpop_jkt must be a key's thumbprint (RFC 7638)"),
        ({"dpop_jkt": "x" * 43}, "invalid_request", "dpop_jkt is not the key of the DPoP proof"),
        ({"authorization_details": ...}, "invalid_authorization_details", "authorization_details is missing"),
        (
            {"authorization_details": "[NaN]"},
            "invalid_authorization_details",
            "not a JSON number at NaN",
        ),
        (
            {"authorization_details": "[]"},
            "invalid_authorization_details",
            "authorization_details: expected an array of exactly one object",
        ),
        (
            {"authorization_details": '[{"type":"account_information"}]'},
            "invalid_authorization_details",
            "authorization_details: /0/type: unknown type; expected trade_data",
        ),
        (
            {"authorization_details": json.dumps([{**builders.details(), "extra": 1}])},
            "invalid_authorization_details",
            "authorization_details: /0/extra: unknown member",
        ),
        (
            {
                "authorization_details": json.dumps(
                    [builders.details(owner={"scheme": "br_number", "value": "99999999"})]
                )
            },
            "invalid_authorization_details",
            "no owner with br_number '99999999' is registered",
        ),
    ],
)
def test_a_wrong_pushed_request_gets_its_exact_error(
    bank: Connection, changes: dict[str, Any], error: str, description: str
) -> None:
    with pytest.raises(OAuthError) as refusal:
        post(bank, "pushed_authorization_request_endpoint", par(**changes))
    assert (refusal.value.error, refusal.value.description) == (error, description)


def post(connection: Connection, endpoint: str, form: dict[str, str]) -> Any:
    """Post a form as it is: a client_id in it stands in place of the client's own."""
    if "client_id" not in form:
        return connection.ask(endpoint, form)
    connection.ask("introspection_endpoint", {"token": "warm up: have a nonce"})
    response = send(connection, endpoint, form)
    raise OAuthError(response.json()["error"], response.json().get("error_description", ""))


def send(connection: Connection, endpoint: str, form: dict[str, str], **headers: str) -> httpx2.Response:
    """Post a form with a fresh assertion and proof, and return whatever is answered."""
    url = connection.metadata[endpoint]
    assertion = {
        "client_id": connection.identity.client_id,
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": connection.identity.assertion(ISSUER),
    }
    proof = connection.proof_key.proof("POST", url, nonce=connection.nonce)
    sent = {"Content-Type": "application/x-www-form-urlencoded", "DPoP": proof, **headers}
    return connection._http.post(url, content=urlencode({**assertion, **form}), headers=sent)


def test_only_a_bank_asks_for_consent(path: WholePath) -> None:
    with pytest.raises(OAuthError, match="unauthorized_client: only a bank asks for consent"):
        path.connection(path.carrier).ask("pushed_authorization_request_endpoint", par())


def code(path: WholePath) -> tuple[Any, str]:
    """Return a pushed request, and the code that its approval gave."""
    request = path.ask()
    location = path.visitor().signed_in().approve(request.url)
    return request, dict(parse_qsl(urlsplit(location).query))["code"]


def exchange(request: Any, given: str, **changes: str) -> dict[str, str]:
    return {
        "grant_type": "authorization_code",
        "code": given,
        "redirect_uri": request.redirect_uri,
        "code_verifier": request.verifier,
        **changes,
    }


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code": "unknown"}, "invalid_grant: Invalid 'code' in request."),
        ({"redirect_uri": "https://bank.example/other"}, "invalid_grant: Invalid 'redirect_uri' in request."),
        ({"code_verifier": "w" * 43}, "invalid_grant: Code challenge failed."),
        ({"code_verifier": ""}, "invalid_grant: code_verifier is missing"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": ""}, "invalid_request: grant_type is missing"),
        ({"grant_type": "client_credentials"}, "invalid_scope"),
    ],
)
def test_a_wrong_exchange_gets_its_error_and_uses_nothing_up(
    path: WholePath, bank: Connection, changes: dict[str, str], error: str
) -> None:
    request, given = code(path)
    with pytest.raises(OAuthError) as refusal:
        bank.tokens(exchange(request, given, **changes))
    assert str(refusal.value).startswith(error)
    assert bank.tokens(exchange(request, given)).grant_id


def test_another_bank_cannot_use_a_code(path: WholePath) -> None:
    request, given = code(path)
    with pytest.raises(OAuthError, match=r"invalid_grant: Invalid 'code' in request\.$"):
        path.connection(path.other_bank).tokens(exchange(request, given))


def test_a_code_is_bound_to_the_key_that_asked(path: WholePath, bank: Connection) -> None:
    request, given = code(path)
    other = Connection(ISSUER, bank.identity, http=bank._http)
    with pytest.raises(OAuthError, match="invalid_grant: the code is bound to another DPoP key"):
        other.tokens(exchange(request, given))


def test_a_code_lives_for_a_minute(path: WholePath, bank: Connection) -> None:
    request, given = code(path)
    path.gateway.clock.turn(timedelta(seconds=9))
    bank.tokens(exchange(request, given))
    request, given = code(path)
    with Session(path.gateway.app.state.engine) as session:
        row = session.get(Code, sha256(given.encode()))
        assert row is not None
        assert row.expires_at - path.gateway.clock() == timedelta(seconds=60)


def test_a_replayed_code_is_refused_and_revokes_what_it_gave(path: WholePath, bank: Connection) -> None:
    request, given = code(path)
    tokens = bank.tokens(exchange(request, given))
    path.anchor()
    with pytest.raises(OAuthError, match="the code was used before; the tokens it gave are revoked"):
        bank.tokens(exchange(request, given))
    with pytest.raises(OAuthError, match="invalid_grant: the refresh token is revoked"):
        path.as_bank().refresh(tokens.refresh_token or "")
    with pytest.raises(ProblemError, match="the access token is revoked"):
        path.as_bank().evidence(tokens)
    assert bank.ask("introspection_endpoint", {"token": tokens.access_token}) == {"active": False}


def test_of_a_hundred_who_redeem_one_code_one_gets_tokens(path: WholePath, bank: Connection) -> None:
    request, given = code(path)
    bank.ask("introspection_endpoint", {"token": "warm up: have a nonce"})

    def redeem(_: int) -> int:
        return send(bank, "token_endpoint", exchange(request, given)).status_code

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(redeem, range(100)))
    assert sorted(answers) == [200, *[400] * 99]
    with Session(path.gateway.app.state.engine) as session:
        rows = session.exec(select(RefreshToken)).all()
    assert len(rows) == 1
    assert rows[0].revoked_at is not None


def test_one_proof_is_accepted_once(bank: Connection) -> None:
    bank.ask("introspection_endpoint", {"token": "warm up: have a nonce"})
    url = bank.metadata["token_endpoint"]
    proof = bank.proof_key.proof("POST", url, nonce=bank.nonce)
    form = {"grant_type": "refresh_token", "refresh_token": "x"}

    def use(_: int) -> str:
        return str(send(bank, "token_endpoint", form, DPoP=proof).json()["error"])

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(use, range(50)))
    assert sorted(answers) == [*["invalid_dpop_proof"] * 49, "invalid_grant"]


def granted(path: WholePath) -> Tokens:
    return path.consented()


def test_refreshing_gives_a_new_access_token_and_keeps_the_refresh_token(path: WholePath) -> None:
    tokens = granted(path)
    again = path.as_bank().refresh(tokens.refresh_token or "")
    assert again.access_token != tokens.access_token
    assert again.refresh_token is None
    assert again.details == tokens.details
    assert path.as_bank().refresh(tokens.refresh_token or "").access_token


def test_another_bank_cannot_use_a_refresh_token_nor_learn_of_one(path: WholePath) -> None:
    tokens = granted(path)
    other = path.connection(path.other_bank)
    with pytest.raises(OAuthError, match="invalid_grant: the refresh token is not one of this client's"):
        path.as_bank(path.other_bank).refresh(tokens.refresh_token or "")
    for token in (tokens.refresh_token or "", tokens.access_token):
        assert other.ask("introspection_endpoint", {"token": token}) == {"active": False}
        assert other.ask("revocation_endpoint", {"token": token}) == {}
    assert path.as_bank().refresh(tokens.refresh_token or "").access_token


def test_a_revoked_access_token_pulls_nothing_and_its_siblings_live_on(path: WholePath, bank: Connection) -> None:
    tokens = granted(path)
    path.anchor()
    assert bank.ask("introspection_endpoint", {"token": tokens.access_token})["active"] is True
    bank.ask("revocation_endpoint", {"token": tokens.access_token})
    with pytest.raises(ProblemError, match="the access token is revoked"):
        path.as_bank().evidence(tokens)
    path.as_bank().evidence(path.as_bank().refresh(tokens.refresh_token or ""))


def test_a_revoked_refresh_token_takes_its_family_along(path: WholePath, bank: Connection) -> None:
    tokens = granted(path)
    path.anchor()
    bank.ask("revocation_endpoint", {"token": tokens.refresh_token or "", "token_type_hint": "refresh_token"})
    with pytest.raises(OAuthError, match="invalid_grant: the refresh token is revoked"):
        path.as_bank().refresh(tokens.refresh_token or "")
    with pytest.raises(ProblemError, match="the access token is revoked"):
        path.as_bank().evidence(tokens)


def test_introspection_says_what_the_token_says(path: WholePath, bank: Connection) -> None:
    tokens = granted(path)
    said = bank.ask("introspection_endpoint", {"token": tokens.access_token})
    assert (said["client_id"], said["sub"], said["scope"], said["token_type"]) == (
        builders.BANK,
        builders.OWNER,
        "evidence",
        "DPoP",
    )
    assert said["cnf"] == {"jkt": bank.proof_key.thumbprint}
    assert said["exp"] - said["iat"] == 300
    assert said["grant_id"] == tokens.grant_id


@pytest.mark.parametrize(
    ("scope", "error"),
    [("ingest:nope", "invalid_scope"), ("", "invalid_scope"), ("evidence", "invalid_scope")],
)
def test_a_provider_gets_its_own_scopes_alone(path: WholePath, scope: str, error: str) -> None:
    with pytest.raises(OAuthError, match=f"^{error}"):
        path.connection(path.carrier).tokens({"grant_type": "client_credentials", "scope": scope})


def test_a_providers_token_pulls_nothing(path: WholePath) -> None:
    carrier = path.connection(path.carrier)
    tokens = carrier.tokens({"grant_type": "client_credentials", "scope": "links"})
    assert tokens.refresh_token is None
    with pytest.raises(ProblemError) as refusal:
        carrier.call("POST", "/evidence", token=tokens.access_token)
    assert (refusal.value.status, refusal.value.error) == (403, "insufficient_scope")


def test_a_stolen_token_without_its_key_and_a_bearer_token_pull_nothing(path: WholePath) -> None:
    tokens = granted(path)
    thief = Connection(ISSUER, path.connection(path.bank).identity, http=path.gateway.client)
    with pytest.raises(ProblemError, match="the access token is bound to another DPoP key"):
        thief.call("POST", "/evidence", token=tokens.access_token)
    response = path.gateway.client.post("/evidence", headers={"Authorization": f"Bearer {tokens.access_token}"})
    assert response.status_code == 401
    assert response.json()["detail"] == "an access token with the DPoP scheme is missing"
    assert response.headers["www-authenticate"].startswith('DPoP error="invalid_token"')


def test_a_request_without_a_token_is_told_where_to_get_one(path: WholePath) -> None:
    response = path.gateway.client.post("/evidence")
    assert response.status_code == 401
    assert "error=" not in response.headers["www-authenticate"]
    assert f'resource_metadata="{ISSUER}/.well-known/oauth-protected-resource"' in response.headers["www-authenticate"]
    assert response.headers["dpop-nonce"]


@pytest.mark.parametrize(
    ("content", "content_type", "description"),
    [
        (b"a=1&a=2", "application/x-www-form-urlencoded", "a parameter stands twice (RFC 6749 section 3.1)"),
        (b"a=%00", "application/x-www-form-urlencoded", "a parameter holds a NUL character"),
        (b"a=%ff", "application/x-www-form-urlencoded", "the parameters cannot be read as a form in UTF-8"),
        (b"\xff", "application/x-www-form-urlencoded", "the parameters cannot be read as a form in UTF-8"),
        (b"a" * 70_000, "application/x-www-form-urlencoded", "the form must have at most 65536 bytes"),
        (b"&".join(b"a%d=1" % n for n in range(60)), "application/x-www-form-urlencoded", "the parameters cannot be"),
        (b"{}", "application/json", "Content-Type must be application/x-www-form-urlencoded"),
        (b"", "", "Content-Type must be application/x-www-form-urlencoded"),
    ],
)
@pytest.mark.parametrize("endpoint", ["par", "token", "revoke", "introspect"])
def test_a_malformed_form_is_an_invalid_request(
    path: WholePath, endpoint: str, content: bytes, content_type: str, description: str
) -> None:
    response = path.gateway.client.post(f"/oauth/{endpoint}", content=content, headers={"Content-Type": content_type})
    assert response.status_code == 400
    assert response.json()["error"] == "invalid_request"
    assert response.json()["error_description"].startswith(description)
    assert response.headers["cache-control"] == "no-store"


def test_a_client_that_does_not_authenticate_is_401(path: WholePath) -> None:
    response = path.gateway.client.post("/oauth/introspect", data={"token": "x", "client_id": "eastbank"})
    assert (response.status_code, response.json()) == (
        401,
        {
            "error": "invalid_client",
            "error_description": "client_assertion with client_assertion_type jwt-bearer is missing",
        },
    )


def test_an_assertion_is_accepted_once(path: WholePath, bank: Connection) -> None:
    assertion = bank.identity.assertion(ISSUER)
    form = {"token": "x", "client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion}
    first, second = (path.gateway.client.post("/oauth/introspect", data=form) for _ in range(2))
    assert first.json() == {"active": False}
    assert second.json()["error_description"] == "the client assertion was used before"


def test_of_fifty_tokens_asked_for_with_one_assertion_one_is_given(path: WholePath, bank: Connection) -> None:
    bank.ask("introspection_endpoint", {"token": "warm up: have a nonce"})
    url = bank.metadata["token_endpoint"]
    form = {
        "grant_type": "client_credentials",
        "scope": "events",
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": bank.identity.assertion(ISSUER),
    }

    def ask(_: int) -> str:
        proof = bank.proof_key.proof("POST", url, nonce=bank.nonce)
        answer = path.gateway.client.post("/oauth/token", data=form, headers={"DPoP": proof}).json()
        return str(answer.get("error_description", answer.get("scope")))

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, range(50)))
    assert sorted(answers) == ["events", *["the client assertion was used before"] * 49]


@pytest.mark.parametrize(
    "query",
    ["", "client_id=eastbank", "client_id=eastbank&request_uri=urn:x", "a=1&a=2", "client_id=%00&request_uri=x"],
)
def test_a_wrong_authorization_request_never_redirects(path: WholePath, query: str) -> None:
    response = path.gateway.client.get(f"/oauth/authorize?{query}")
    assert response.status_code in (404, 422)
    assert "location" not in response.headers


def test_another_clients_request_uri_is_unknown(path: WholePath) -> None:
    query = dict(parse_qsl(urlsplit(path.ask().url).query))
    response = path.gateway.client.get(
        "/oauth/authorize", params={"client_id": "westbank", "request_uri": query["request_uri"]}
    )
    assert response.status_code == 404


def test_a_completed_request_cannot_be_opened_again(path: WholePath) -> None:
    request = path.ask()
    visitor = path.visitor().signed_in()
    visitor.approve(request.url)
    assert visitor.open(request.url).status_code == 404


def test_what_is_announced_is_there(path: WholePath) -> None:
    metadata = path.gateway.client.get("/.well-known/oauth-authorization-server").json()
    for name in ("pushed_authorization_request", "token", "revocation", "introspection"):
        assert path.gateway.client.post(metadata[f"{name}_endpoint"]).status_code == 400
    assert path.gateway.client.get(metadata["authorization_endpoint"]).status_code == 422
    keys = path.gateway.client.get(metadata["jwks_uri"]).json()["keys"]
    assert [(key["alg"], key["kid"]) for key in keys] == [
        ("ES256", path.gateway.keyring.oauth.signing(path.gateway.clock()).kid)
    ]
    assert not any("d" in key for key in keys)
    assert metadata["response_types_supported"] == ["code"]
    assert metadata["code_challenge_methods_supported"] == ["S256"]
    resource = path.gateway.client.get("/.well-known/oauth-protected-resource").json()
    assert (resource["resource"], resource["authorization_servers"]) == (ISSUER, [ISSUER])
