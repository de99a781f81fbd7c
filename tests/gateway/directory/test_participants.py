import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc.jwk import ECKey, OKPKey, RSAKey
from pydantic import ValidationError
from sqlmodel import Session

from gateway.directory.participants import Registration, everyone, owner_by_identifier, participant, register
from gateway.errors import ConflictError, NotFoundError
from tests.support import builders
from tests.support.builders import NOW

KEY = builders.client_key().as_dict(private=False)
LEI = "5493001KJTIIGC8Y1R12"
USCC = "91310000MA1K35HX19"


def member(**members: Any) -> dict[str, Any]:
    """Return the file of a bank, with `members` in place of the usual ones."""
    usual = {
        "id": "eastbank",
        "name": "East Bank",
        "roles": ["bank"],
        "redirect_uris": ["https://bank.example/callback"],
        "keys": {"client": {"keys": [KEY]}},
    }
    return {**usual, **members}


def keys(*listed: Any) -> dict[str, Any]:
    return {"client": {"keys": list(listed)}}


def fault(**members: Any) -> str:
    with pytest.raises(ValidationError) as refused:
        Registration.model_validate(member(**members))
    return str(refused.value.errors()[0]["msg"]).removeprefix("Value error, ")


RSA = RSAKey.generate_key(2048, {"kid": "rsa"}).as_dict(private=False)
SMALL_RSA = {
    "kty": "RSA",
    "kid": "small",
    "e": "AQAB",
    "n": RSAKey.generate_key(2048).as_dict(private=False)["n"][:171],
}


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"id": "East Bank"}, "String should match pattern '^[a-z0-9][a-z0-9-]{1,62}$'"),
        ({"name": ""}, "String should have at least 1 character"),
        ({"roles": []}, "List should have at least 1 item after validation, not 0"),
        ({"roles": ["regulator"]}, "Input should be 'provider', 'owner', 'bank' or 'resource_server'"),
        ({"surprise": 1}, "Extra inputs are not permitted"),
        ({"people_required": 2}, "people_required goes with an owner alone"),
        ({"people_required": 3}, "Input should be 1 or 2"),
        ({"lei": "5493001KJTIIGC8Y1R13"}, "lei '5493001KJTIIGC8Y1R13': wrong check digits (ISO 17442)"),
        ({"br_number": "1234"}, "String should match pattern '^[0-9]{8}$'"),
        ({"uscc": "I"}, "String should match pattern '^[0-9A-HJ-NPQRTUWXY]{18}$'"),
        ({"carrier_code": {"list": "SCAC", "code": "maeu"}}, "String should match pattern '^[A-Z0-9]{2,10}$'"),
        ({"roles": ["owner"], "keys": {}}, "an owner needs an lei, a br_number or a uscc"),
        ({"redirect_uris": []}, "a bank needs at least one redirect URI"),
        ({"keys": {}}, "a bank, provider or resource server needs a client key (keys.client, or client.jwks_uri)"),
        (
            {"redirect_uris": ["http://bank.example/callback"]},
            "'http://bank.example/callback': expected an https URI without fragment (http only on loopback)",
        ),
        (
            {"redirect_uris": ["https://bank.example/callback#top"]},
            "'https://bank.example/callback#top': expected an https URI without fragment (http only on loopback)",
        ),
        (
            {"initiate_uri": "bank.example"},
            "'bank.example': expected an https URI without fragment (http only on loopback)",
        ),
        ({"keys": {"client": {}}}, 'expected a JWK set: {"keys": [...]} (RFC 7517 section 5)'),
        ({"keys": keys("key")}, 'expected a JWK set: {"keys": [...]} (RFC 7517 section 5)'),
        (
            {"keys": keys(KEY, ECKey.generate_key("P-256", auto_kid=True).as_dict(private=True))},
            "keys[1] carries the private members ['d']: register public keys only",
        ),
        (
            {"keys": keys({"kty": "oct", "k": "c2VjcmV0"})},
            "keys[0] carries the private members ['k']: register public keys only",
        ),
        (
            {"keys": keys(ECKey.generate_key("P-384", auto_kid=True).as_dict(private=False))},
            "keys[0]: expected an Ed25519, P-256 or RSA key, got EC P-384",
        ),
        (
            {"keys": keys(OKPKey.generate_key("X25519", auto_kid=True).as_dict(private=False))},
            "keys[0]: expected an Ed25519, P-256 or RSA key, got OKP X25519",
        ),
        ({"keys": keys({})}, "keys[0]: expected an Ed25519, P-256 or RSA key, got None None"),
        ({"keys": keys({name: KEY[name] for name in KEY if name != "kid"})}, "keys[0] has no kid"),
        ({"keys": keys(SMALL_RSA)}, "keys[0]: expected an RSA key of 2048 to 8192 bits"),
        ({"keys": keys({**RSA, "n": "!"})}, "keys[0]: expected an RSA key of 2048 to 8192 bits"),
        ({"keys": keys({**KEY, "x": 1})}, "keys[0] is no public key: key_parameter: 'x' must be a str"),
        (
            {"keys": keys({**KEY, "x": "AA"})},
            "keys[0] is no public key: Invalid EC key. Point is not on the curve specified.",
        ),
    ],
)
def test_a_registration_that_is_not_right_is_refused(members: dict[str, Any], message: str) -> None:
    assert fault(**members) == message


@pytest.mark.parametrize("key", [KEY, RSA, OKPKey.generate_key("Ed25519", auto_kid=True).as_dict(private=False)])
def test_p256_ed25519_and_rsa_keys_are_registered(session: Session, key: dict[str, Any]) -> None:
    stored = register(session, Registration.model_validate(member(keys=keys(key))), now=NOW)
    assert stored.client_jwks == {"keys": [key]}


def test_a_bank_on_loopback_may_use_http() -> None:
    registered = Registration.model_validate(member(redirect_uris=["http://127.0.0.1:9000/callback"]))
    assert registered.redirect_uris == ["http://127.0.0.1:9000/callback"]


def test_a_registration_is_read_from_a_file() -> None:
    assert Registration.model_validate_json(json.dumps(member(lei=LEI, uscc=USCC))).identifiers() == [
        {"scheme": "lei", "value": LEI},
        {"scheme": "uscc", "value": USCC},
    ]


def test_a_participant_is_found_by_id_and_role(session: Session) -> None:
    bank = builders.bank(session)
    assert participant(session, "eastbank") == bank.participant
    assert participant(session, "eastbank", role="bank") == bank.participant
    with pytest.raises(NotFoundError, match=r"^no owner 'eastbank' is registered$"):
        participant(session, "eastbank", role="owner")
    with pytest.raises(NotFoundError, match=r"^no participant 'nobody' is registered$"):
        participant(session, "nobody")


def test_an_id_is_given_once(session: Session) -> None:
    builders.bank(session)
    with pytest.raises(ConflictError, match=r"^participant 'eastbank' is already registered$"):
        builders.bank(session)


def test_an_owner_is_found_by_its_typed_identifier_alone(session: Session) -> None:
    owner = builders.owner(session, lei=LEI)
    builders.bank(session, br_number="87654321")
    assert owner_by_identifier(session, "br_number", builders.BR_NUMBER) == owner.participant
    assert owner_by_identifier(session, "lei", LEI) == owner.participant
    assert owner_by_identifier(session, "uscc", builders.BR_NUMBER) is None
    assert owner_by_identifier(session, "br_number", "87654321") is None


def test_everyone_is_listed_in_order(session: Session) -> None:
    builders.owner(session)
    builders.bank(session)
    assert [each.id for each in everyone(session)] == ["eastbank", "harbour-trading"]


def test_a_carrier_registers_its_sealing_key(session: Session) -> None:
    carrier = builders.carrier(session)
    assert carrier.participant.sealing_jwks == {"keys": [{**carrier.sealing.public, "kid": carrier.sealing.kid}]}
    assert isinstance(carrier.sealing.private, Ed25519PrivateKey)
