"""Grants asked about, replaced and given up by the bank that holds them; the consent behind a token."""

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from sqlmodel import Session, select

from gateway.consent.tables import Consent, ConsentVersion
from gateway.oauth.tables import Code
from tests.support.app import ISSUER
from tests.support.attempts import Caller
from tests.support.browser import Visitor
from tests.support.path import WholePath
from tests.support.questions import page, redeemed

QUERY, REVOKE = "grant_management_query", "grant_management_revoke"


@pytest.fixture
def bank(path: WholePath) -> Caller:
    return Caller(path, path.bank)


def granted(bank: Caller, details: dict[str, Any] | None = None, **changes: Any) -> Any:
    """Let the bank ask and the owner approve; return the token response."""
    location = bank.path.visitor().signed_in().approve(page(bank, details or bank.details(), **changes))
    return redeemed(bank, location)


def own_token(bank: Caller, scope: str) -> str:
    response = bank.post("token", {"grant_type": "client_credentials", "scope": scope})
    assert response.status_code == 200, response.text
    return str(response.json()["access_token"])


def test_the_consent_behind_a_token_is_told_to_its_holder(bank: Caller) -> None:
    tokens = granted(bank)
    response = bank.get("/grant", tokens["access_token"])
    assert response.status_code == 200
    assert response.headers["cache-control"] == "no-store"
    assert response.json() == {
        "grant_id": tokens["grant_id"],
        "state": "active",
        "since": f"{bank.path.gateway.clock():%Y-%m-%dT%H:%M:%SZ}",
        "version": 1,
        "expires_at": f"{bank.path.end:%Y-%m-%d}T00:00:00Z",
        "pulls": 0,
        "authorization_details": [bank.details()],
    }


def test_a_consent_that_was_withdrawn_is_told_no_more(bank: Caller) -> None:
    tokens = granted(bank)
    bank.path.visitor().signed_in().stop(tokens["grant_id"])
    response = bank.get("/grant", tokens["access_token"])
    assert (response.status_code, response.json()["error"], response.json()["detail"]) == (
        401,
        "invalid_token",
        "the consent is revoked",
    )


def test_a_token_of_the_clients_own_is_no_consents(bank: Caller) -> None:
    response = bank.get("/grant", own_token(bank, QUERY))
    assert (response.status_code, response.json()["error"]) == (403, "insufficient_scope")


def test_a_bank_asks_what_its_grant_comprises(bank: Caller) -> None:
    grant = granted(bank)["grant_id"]
    response = bank.get(f"/oauth/grants/{grant}", own_token(bank, QUERY))
    assert response.status_code == 200
    assert response.json() == {
        "scopes": [{"scope": "evidence", "resources": [ISSUER]}],
        "authorization_details": [bank.details()],
    }


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_another_banks_grant_and_none_are_the_same(bank: Caller, method: str) -> None:
    grant = granted(bank)["grant_id"]
    other = Caller(bank.path, bank.path.other_bank)
    scope = QUERY if method == "GET" else REVOKE
    answers = [other.get(f"/oauth/grants/{each}", own_token(other, scope), method=method) for each in (grant, "x")]
    for answer in answers:
        assert (answer.status_code, answer.json()["detail"]) == (404, "no such grant of this client is in force")
    assert bank.get(f"/oauth/grants/{grant}", own_token(bank, QUERY)).status_code == 200


def test_asking_is_not_giving_up(bank: Caller) -> None:
    grant = granted(bank)["grant_id"]
    refused = bank.get(f"/oauth/grants/{grant}", own_token(bank, QUERY), method="DELETE")
    assert (refused.status_code, refused.json()["error"]) == (403, "insufficient_scope")


def test_a_grant_given_up_ends_the_consent_and_every_token(bank: Caller) -> None:
    tokens = granted(bank)
    grant, revoking = tokens["grant_id"], own_token(bank, REVOKE)
    gone = bank.get(f"/oauth/grants/{grant}", revoking, method="DELETE")
    assert (gone.status_code, gone.content) == (204, b"")
    refused = bank.post("token", {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]})
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
    assert bank.get("/grant", tokens["access_token"]).status_code == 401
    assert bank.post("introspect", {"token": tokens["access_token"]}).json() == {"active": False}
    assert bank.get(f"/oauth/grants/{grant}", revoking, method="DELETE").status_code == 404
    with Session(bank.path.gateway.app.state.engine) as session:
        consent = session.get(Consent, grant)
        assert consent is not None
        assert (consent.state, consent.reason) == ("revoked", "given up by the bank")
    bank.path.anchor()


def test_a_replaced_grant_keeps_its_id_and_ends_the_tokens_that_say_otherwise(bank: Caller) -> None:
    before = granted(bank)
    wider = bank.details(maximum_pulls=900, data_life="P120D")
    after = granted(bank, wider, grant_management_action="replace", grant_id=before["grant_id"])
    assert after["grant_id"] == before["grant_id"]
    assert after["authorization_details"] == [wider]
    refused = bank.post("token", {"grant_type": "refresh_token", "refresh_token": before["refresh_token"]})
    assert refused.json()["error_description"] == "the refresh token is revoked"
    assert bank.get("/grant", before["access_token"]).json()["detail"] == "the access token is revoked"
    told = bank.get("/grant", after["access_token"]).json()
    assert (told["version"], told["authorization_details"]) == (2, [wider])
    bank.path.anchor()


def test_a_grant_that_the_owner_does_not_let_be_replaced_stands(bank: Caller) -> None:
    before = granted(bank)
    url = page(bank, bank.details(maximum_pulls=900), grant_management_action="replace", grant_id=before["grant_id"])
    told = dict(parse_qsl(urlsplit(bank.path.visitor().signed_in().refuse(url)).query))
    assert told["error"] == "access_denied"
    assert bank.get("/grant", before["access_token"]).json()["authorization_details"] == [bank.details()]


def test_another_owners_grant_is_not_replaced(bank: Caller) -> None:
    before = granted(bank)
    details = bank.details(owner={"scheme": "br_number", "value": "87654321"})
    form = {
        "authorization_details": json.dumps([details]),
        "grant_management_action": "replace",
        "grant_id": before["grant_id"],
    }
    refused = bank.post("par", bank.pushed(form))
    assert refused.json() == {
        "error": "invalid_authorization_details",
        "error_description": "the grant to be replaced is of another owner",
    }


def test_of_a_hundred_approvals_of_one_request_one_makes_a_consent(bank: Caller) -> None:
    url = page(bank, bank.details())
    visitors = [bank.path.visitor().signed_in() for _ in range(10)]
    fields = [signed(visitor, url) for visitor in visitors]

    def approve(number: int) -> int:
        visitor, (path, form) = visitors[number % 10], fields[number % 10]
        return int(visitor.http.post(path, content=urlencode(form), headers=OWN).status_code)

    with ThreadPoolExecutor(10) as pool:
        answers: Sequence[int] = list(pool.map(approve, range(100)))
    assert answers.count(303) == 1
    assert set(answers) <= {303, 404, 409}
    with Session(bank.path.gateway.app.state.engine) as session:
        assert len(session.exec(select(Code)).all()) == 1
        assert len(session.exec(select(ConsentVersion)).all()) == 1
        assert [consent.state for consent in session.exec(select(Consent))] == ["active"]


OWN = {"Origin": ISSUER, "Sec-Fetch-Site": "same-origin", "Content-Type": "application/x-www-form-urlencoded"}


def signed(visitor: Visitor, url: str) -> tuple[str, dict[str, str]]:
    """Review a request and sign it; return the form that approves it, not yet sent."""
    visitor.review(url)
    draft = visitor.page.partition('name="draft" value="')[2].partition('"')[0]
    answer = json.dumps(visitor.passkey.get(visitor.options, ISSUER))
    return visitor._action("approve"), {"draft": draft, "passkey": answer}
