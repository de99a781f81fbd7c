"""The metadata tells the truth: what is announced works, and what is not announced is refused."""

from collections.abc import Callable
from ipaddress import ip_network
from typing import Any

import pytest
from joserfc.jwk import ECKey, OKPKey, RSAKey
from sqlmodel import Session

from gateway.directory.tables import Participant
from gateway.oauth import metadata
from gateway.settings import Settings
from tests.support.app import ISSUER
from tests.support.attempts import Caller, signed
from tests.support.path import WholePath

KEYS: dict[str, ECKey | OKPKey | RSAKey] = {
    "ES256": ECKey.generate_key("P-256"),
    "ES384": ECKey.generate_key("P-384"),
    "PS256": RSAKey.generate_key(2048),
    "RS256": RSAKey.generate_key(2048),
    "EdDSA": OKPKey.generate_key("Ed25519"),
}
pytestmark = pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")  # it warns of the name EdDSA


@pytest.fixture
def bank(path: WholePath) -> Caller:
    return Caller(path, path.bank)


def said(bank: Caller) -> dict[str, Any]:
    found: dict[str, Any] = bank.path.gateway.client.get("/.well-known/oauth-authorization-server").json()
    return found


def offered(found: list[str], candidates: tuple[str, ...], works: Callable[[str], bool]) -> None:
    """Check that of all candidates exactly those work that are announced."""
    assert {each for each in candidates if works(each)} == set(found)


def own_path(url: str) -> str:
    assert url.startswith(ISSUER + "/")
    return url.removeprefix(ISSUER)


def test_every_endpoint_is_there_and_wants_a_client(bank: Caller) -> None:
    found = said(bank)
    endpoints = {name: own_path(url) for name, url in found.items() if name.endswith("_endpoint")}
    assert len(endpoints) == 6
    for name in ("pushed_authorization_request", "token", "revocation", "introspection"):
        assert bank.path.gateway.client.post(endpoints[f"{name}_endpoint"]).status_code == 400
    assert bank.path.gateway.client.get(endpoints["authorization_endpoint"]).status_code == 422
    assert bank.path.gateway.client.get(endpoints["grant_management_endpoint"] + "/x").status_code == 401
    assert bank.path.gateway.client.get(own_path(found["jwks_uri"])).json()["keys"]


def test_pushing_is_required(bank: Caller) -> None:
    assert said(bank)["require_pushed_authorization_requests"] is True
    response = bank.path.gateway.client.get("/oauth/authorize", params={"client_id": bank.party.id, **bank.pushed()})
    assert response.status_code == 422


@pytest.mark.parametrize(
    ("announced", "parameter", "candidates"),
    [
        ("response_types_supported", "response_type", ("code", "token", "id_token", "code id_token", "none")),
        ("response_modes_supported", "response_mode",
         ("query", "jwt", "query.jwt", "fragment", "fragment.jwt", "form_post", "form_post.jwt")),
        ("code_challenge_methods_supported", "code_challenge_method", ("S256", "plain")),
    ],
)  # fmt: skip
def test_a_parameter_of_the_request_has_the_announced_values_alone(
    bank: Caller, announced: str, parameter: str, candidates: tuple[str, ...]
) -> None:
    offered(
        said(bank)[announced],
        candidates,
        lambda value: bank.post("par", bank.pushed({parameter: value})).status_code == 201,
    )


def test_grants_are_given_for_the_announced_types_alone(bank: Caller) -> None:
    types = ("authorization_code", "refresh_token", "client_credentials", "password", "implicit",
             *(f"urn:ietf:params:oauth:grant-type:{name}" for name in ("token-exchange", "jwt-bearer")))  # fmt: skip

    def known(grant_type: str) -> bool:
        return bool(bank.post("token", {"grant_type": grant_type}).json()["error"] != "unsupported_grant_type")

    offered(said(bank)["grant_types_supported"], types, known)


def test_proofs_are_taken_in_the_announced_algorithms_alone(bank: Caller) -> None:
    def works(alg: str) -> bool:
        made = bank.proof("POST", f"{ISSUER}/oauth/par", header={"alg": alg}, key=KEYS[alg])
        return bank.post("par", bank.pushed(), proof=made).status_code == 201

    offered(said(bank)["dpop_signing_alg_values_supported"], tuple(KEYS), works)


@pytest.mark.parametrize("announced", ["token_endpoint_auth", "request_object"])
def test_clients_sign_in_the_announced_algorithms_alone(bank: Caller, announced: str) -> None:
    with Session(bank.path.gateway.app.state.engine) as session:
        row = session.get(Participant, bank.party.id)
        assert row is not None
        own = bank.party.client.as_dict(private=False)
        row.client_jwks = {"keys": [own, *({**key.as_dict(private=False), "kid": alg} for alg, key in KEYS.items())]}
        session.commit()

    def works(alg: str) -> bool:
        head = {"alg": alg, "kid": alg}
        if announced.startswith("request"):
            request = bank.request_object(header=head, key=KEYS[alg])
            return bank.post("par", {"request": request}).status_code == 201
        made = bank.assertion(header=head, key=KEYS[alg])
        return bank.post("par", bank.pushed(), assertion=made).status_code == 201

    offered(said(bank)[f"{announced}_signing_alg_values_supported"], tuple(KEYS), works)


def test_clients_authenticate_by_the_announced_method_alone(bank: Caller) -> None:
    found = said(bank)
    for endpoint in ("token", "revocation", "introspection"):
        assert found[f"{endpoint}_endpoint_auth_methods_supported"] == ["private_key_jwt"]
    by_secret = {"client_id": bank.party.id, "client_secret": "secret", "token": "x"}
    shared = signed({"alg": "none"}, {"iss": bank.party.id, "sub": bank.party.id}, None)
    for form in (
        {**by_secret, "client_assertion": ..., "client_assertion_type": ...},
        {**by_secret, "client_assertion": shared},
    ):
        assert bank.post("introspect", form).json()["error"] == "invalid_client"


def test_every_announced_scope_is_given_to_somebody(bank: Caller) -> None:
    carrier = Caller(bank.path, bank.path.carrier)

    def works(scope: str) -> bool:
        form = {"grant_type": "client_credentials", "scope": scope}
        asked = bank.post("par", bank.pushed({"scope": scope})).status_code == 201
        return asked or any(each.post("token", form).status_code == 200 for each in (bank, carrier))

    scopes = said(bank)["scopes_supported"]
    offered(scopes, (*scopes, "openid", "offline_access", "ingest:nothing"), works)


def test_grants_are_managed_by_the_announced_actions_alone(bank: Caller) -> None:
    actions = said(bank)["grant_management_actions_supported"]
    tokens = bank.path.consented()

    def works(action: str) -> bool:
        if action in ("query", "revoke"):
            form = {"grant_type": "client_credentials", "scope": f"grant_management_{action}"}
            return bank.post("token", form).status_code == 200
        grant = {} if action == "create" else {"grant_id": tokens.grant_id}
        form = bank.pushed({"grant_management_action": action, **grant})
        return bank.post("par", form).status_code == 201

    offered(actions, ("create", "query", "replace", "merge", "revoke", "update"), works)
    assert said(bank)["grant_management_action_required"] is False


def test_the_answers_name_the_issuer_and_the_details_as_announced(bank: Caller) -> None:
    found = said(bank)
    assert found["authorization_response_iss_parameter_supported"] is True
    assert found["authorization_details_types_supported"] == ["trade_data"]
    request = bank.path.ask()
    location = bank.path.visitor().signed_in().approve(request.url)
    assert "iss=http%3A%2F%2Flocalhost%3A8440" in location


def test_certificates_are_announced_only_where_a_proxy_tells_of_them() -> None:
    assert "mtls_endpoint_aliases" not in metadata.authorization_server(Settings())
    assert "tls_client_certificate_bound_access_tokens" not in metadata.authorization_server(Settings())
    settings = Settings(
        issuer="https://gateway.example",
        trusted_proxies=(ip_network("127.0.0.1/32"),),
        mtls_url="https://mtls.gateway.example",
    )
    found = metadata.authorization_server(settings)
    assert found["token_endpoint_auth_methods_supported"] == [
        "private_key_jwt",
        "tls_client_auth",
        "self_signed_tls_client_auth",
    ]
    assert found["tls_client_certificate_bound_access_tokens"] is True
    assert found["mtls_endpoint_aliases"]["token_endpoint"] == "https://mtls.gateway.example/oauth/token"
    assert "authorization_endpoint" not in found["mtls_endpoint_aliases"]


def test_the_resource_says_what_it_takes(bank: Caller) -> None:
    found = bank.path.gateway.client.get("/.well-known/oauth-protected-resource").json()
    assert (found["resource"], found["authorization_servers"]) == (ISSUER, [ISSUER])
    assert found["bearer_methods_supported"] == ["header"]
    assert found["dpop_bound_access_tokens_required"] is True
    assert found["tls_client_certificate_bound_access_tokens"] is False
    assert found["scopes_supported"] == said(bank)["scopes_supported"]
