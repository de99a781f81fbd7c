"""Tokens for a resource that is not the gateway (RFC 8707), and what its server may ask about them (RFC 7662)."""

from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from sqlmodel import Session

from tests.support import builders
from tests.support.app import ISSUER
from tests.support.attempts import VERIFIER, Caller
from tests.support.path import REDIRECT, WholePath

RESOURCE = "https://warehouse.example/api"


@pytest.fixture
def bank(path: WholePath) -> Caller:
    return Caller(path, path.bank)


@pytest.fixture
def warehouse(path: WholePath) -> Caller:
    """A resource server that is not the gateway."""
    with Session(path.gateway.app.state.engine, expire_on_commit=False) as session:
        client = {"resource": RESOURCE}
        party = builders.party(session, "warehouse", "resource_server", name="Warehouse", client=client)
        session.commit()
    return Caller(path, party)


def granted(bank: Caller, resource: str) -> Any:
    pushed = bank.post("par", bank.pushed({"resource": resource}))
    assert pushed.status_code == 201, pushed.text
    query = urlencode({"client_id": bank.party.id, "request_uri": pushed.json()["request_uri"]})
    location = bank.path.visitor().signed_in().approve(f"{ISSUER}/oauth/authorize?{query}")
    code = dict(parse_qsl(urlsplit(location).query))["code"]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT, "code_verifier": VERIFIER}
    return bank.post("token", {**form, "resource": resource}).json()


def test_a_resource_server_learns_what_a_token_for_it_says(bank: Caller, warehouse: Caller) -> None:
    tokens = granted(bank, RESOURCE)
    said = warehouse.post("introspect", {"token": tokens["access_token"]}).json()
    assert said["active"] is True
    assert (said["aud"], said["client_id"], said["token_type"]) == (RESOURCE, bank.party.id, "DPoP")
    assert said["cnf"] == {"jkt": bank.proof_key.thumbprint()}
    assert said["authorization_details"] == [bank.details()]
    bank.path.visitor().signed_in().stop(tokens["grant_id"])
    assert warehouse.post("introspect", {"token": tokens["access_token"]}).json() == {"active": False}


def test_a_refreshed_token_is_for_the_same_resource(bank: Caller, warehouse: Caller) -> None:
    refresh = granted(bank, RESOURCE)["refresh_token"]
    again = bank.post("token", {"grant_type": "refresh_token", "refresh_token": refresh}).json()
    assert warehouse.post("introspect", {"token": again["access_token"]}).json()["aud"] == RESOURCE
    assert warehouse.post("introspect", {"token": refresh}).json() == {"active": False}


def test_a_token_for_another_resource_opens_nothing_here(bank: Caller, warehouse: Caller) -> None:  # noqa: ARG001
    refused = bank.get("/grant", granted(bank, RESOURCE)["access_token"])
    assert (refused.status_code, refused.json()["detail"]) == (
        401,
        "the access token is of or for another server",
    )


def test_a_resource_server_learns_nothing_of_tokens_for_others(bank: Caller, warehouse: Caller) -> None:
    token = granted(bank, ISSUER)["access_token"]
    assert warehouse.post("introspect", {"token": token}).json() == {"active": False}
    assert warehouse.post("revoke", {"token": token}).status_code == 200
    assert bank.get("/grant", token).status_code == 200


def test_a_resource_server_revokes_no_token_that_it_may_ask_about(bank: Caller, warehouse: Caller) -> None:
    token = granted(bank, RESOURCE)["access_token"]
    assert warehouse.post("revoke", {"token": token}).status_code == 200
    assert warehouse.post("introspect", {"token": token}).json()["active"] is True


def test_a_resource_server_asks_for_no_consent_and_gets_no_token(warehouse: Caller) -> None:
    assert warehouse.post("par", warehouse.pushed()).json()["error"] == "unauthorized_client"
    refused = warehouse.post("token", {"grant_type": "client_credentials", "scope": "records"})
    assert refused.json()["error"] == "unauthorized_client"
