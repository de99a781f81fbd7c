"""Signed requests (RFC 9101) and signed responses (JARM), as FAPI 2.0 Message Signing has them."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, RSAKey
from sqlmodel import Session

from gateway.directory.tables import Participant
from gateway.oauth import compact
from gateway.oauth.compact import CompactError
from ledger.codec import unb64u
from tests.support.app import ISSUER
from tests.support.attempts import VERIFIER, Caller
from tests.support.path import REDIRECT, WholePath

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "oauth.json").read_text())


@pytest.fixture
def bank(path: WholePath) -> Caller:
    return Caller(path, path.bank)


def page(bank: Caller, request_uri: str) -> str:
    """Return the URL that the owner's browser opens."""
    return f"{ISSUER}/oauth/authorize?" + urlencode({"client_id": bank.party.id, "request_uri": request_uri})


def answer(location: str) -> dict[str, str]:
    assert location.startswith(REDIRECT)
    return dict(parse_qsl(urlsplit(location).query))


def redeemed(bank: Caller, code: str) -> Any:
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT, "code_verifier": VERIFIER}
    return bank.post("token", form)


def read(bank: Caller, response: str) -> jwt.Token:
    """Verify a signed response by the gateway's published keys."""
    keys = KeySet.import_key_set(bank.path.gateway.client.get("/oauth/jwks").json())
    return jwt.decode(response, keys, algorithms=["ES256"])


def test_a_signed_request_is_granted_like_one_that_is_not(bank: Caller) -> None:
    pushed = bank.post("par", {"request": bank.request_object({"state": "signed"})})
    assert pushed.status_code == 201, pushed.text
    location = bank.path.visitor().signed_in().approve(page(bank, pushed.json()["request_uri"]))
    told = answer(location)
    assert (told["state"], told["iss"]) == ("signed", ISSUER)
    assert redeemed(bank, told["code"]).json()["authorization_details"] == [bank.details()]


def test_an_audience_may_be_an_array_that_has_the_issuer(bank: Caller) -> None:
    request = bank.request_object({"aud": ["https://other.example", ISSUER]})
    assert bank.post("par", {"request": request}).status_code == 201


@pytest.mark.parametrize("typ", ["JWT", "OAuth-AuthZ-Req+JWT", "application/oauth-authz-req+jwt", ...])
def test_the_type_of_a_request_object_may_be_written_otherwise(bank: Caller, typ: Any) -> None:
    assert bank.post("par", {"request": bank.request_object(header={"typ": typ})}).status_code == 201


def test_whoever_must_sign_is_not_served_without(bank: Caller) -> None:
    with Session(bank.path.gateway.app.state.engine) as session:
        row = session.get(Participant, bank.party.id)
        assert row is not None
        row.client_metadata = {"require_signed_request_object": True}
        session.commit()
    refused = bank.post("par", bank.pushed())
    assert (refused.status_code, refused.json()["error_description"]) == (
        400,
        "this client must send a signed request object (request)",
    )
    assert bank.post("par", {"request": bank.request_object()}).status_code == 201


@pytest.mark.parametrize("mode", ["jwt", "query.jwt"])
def test_a_signed_response_carries_the_code_and_nothing_stands_beside_it(bank: Caller, mode: str) -> None:
    pushed = bank.post("par", bank.pushed({"response_mode": mode})).json()
    told = answer(bank.path.visitor().signed_in().approve(page(bank, pushed["request_uri"])))
    assert set(told) == {"response"}
    signed = read(bank, told["response"])
    assert signed.header["alg"] == "ES256"
    assert set(signed.claims) == {"iss", "aud", "exp", "code", "state"}
    assert (signed.claims["iss"], signed.claims["aud"], signed.claims["state"]) == (ISSUER, bank.party.id, "s")
    assert signed.claims["exp"] - bank.now == 600
    assert redeemed(bank, signed.claims["code"]).status_code == 200


def test_a_refusal_is_signed_too(bank: Caller) -> None:
    pushed = bank.post("par", bank.pushed({"response_mode": "jwt"})).json()
    told = answer(bank.path.visitor().signed_in().refuse(page(bank, pushed["request_uri"])))
    claims = read(bank, told["response"]).claims
    assert (claims["error"], claims["error_description"], claims["state"]) == (
        "access_denied",
        "the owner refused",
        "s",
    )


def test_a_redirect_uri_with_a_query_keeps_it(bank: Caller) -> None:
    uri = f"{REDIRECT}?dummy1=lorem&dummy2=ipsum"
    with Session(bank.path.gateway.app.state.engine) as session:
        row = session.get(Participant, bank.party.id)
        assert row is not None
        row.redirect_uris = [uri]
        session.commit()
    pushed = bank.post("par", bank.pushed({"redirect_uri": uri})).json()
    told = answer(bank.path.visitor().signed_in().approve(page(bank, pushed["request_uri"])))
    assert (told["dummy1"], told["dummy2"], told["iss"]) == ("lorem", "ipsum", ISSUER)


def test_the_request_object_of_rfc_9101_is_read_and_its_algorithm_refused() -> None:
    vector = VECTORS["request_object"]
    given = compact.read(vector["jws"])
    assert given.claims == vector["claims"]
    key = RSAKey.import_key(vector["jwk"])
    assert jwt.decode(vector["jws"], key, algorithms=["RS256"]).claims == vector["claims"]
    with pytest.raises(CompactError, match=r"^must be signed by a registered key with ES256, EdDSA, PS256$"):
        compact.verify_by_one_of(given, {"keys": [vector["jwk"]]})


def test_the_proof_of_rfc_9449_holds() -> None:
    vector = VECTORS["proof"]
    given = compact.read(vector["jws"])
    assert given.claims == vector["claims"]
    key, jkt = compact.public_key(given.header["jwk"], "ES256")
    compact.verify(given, key)
    assert jkt == VECTORS["thumbprint"]["jkt"] == ECKey.import_key(given.header["jwk"]).thumbprint()


def test_the_thumbprint_of_rfc_7638_is_ours() -> None:
    vector = VECTORS["rsa_thumbprint"]
    assert RSAKey.import_key(vector["jwk"]).thumbprint() == vector["jkt"]
    assert len(unb64u(vector["jkt"])) == 32
