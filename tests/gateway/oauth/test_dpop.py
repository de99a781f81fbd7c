"""Proof of possession (RFC 9449)."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc import jwt
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry
from joserfc.registry import HeaderParameter

from gateway.oauth import dpop
from gateway.oauth.errors import InvalidProofError, UseNonceError

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "oauth.json").read_text())
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
SECRET = bytes(32)
URL = "https://gateway.example/oauth/token"
KEY = ECKey.generate_key("P-256")
pytestmark = pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")  # it warns of the name EdDSA
ALGORITHMS = ["ES256", "PS256", "RS256", "EdDSA", "ES384", "HS256"]


def proof(key: Any = KEY, *, header: dict[str, Any] | None = None, alg: str = "ES256", **claims: Any) -> str:
    """Return a proof that holds, but for what is changed; `...` leaves a member out."""
    head = {"typ": "dpop+jwt", "alg": alg, "jwk": key.as_dict(private=False), **(header or {})}
    said = {
        "jti": "1",
        "htm": "POST",
        "htu": URL,
        "iat": int(NOW.timestamp()),
        "nonce": dpop.nonce(SECRET, NOW),
        **claims,
    }
    registry = JWSRegistry({"odd": HeaderParameter("odd", "str")}, algorithms=ALGORITHMS)
    kept = {name: value for name, value in head.items() if value is not ...}
    return jwt.encode(kept, {name: value for name, value in said.items() if value is not ...}, key, registry=registry)


def verify(header: str | None, **changes: Any) -> dpop.Proof:
    given: dict[str, Any] = {"method": "POST", "url": URL, "secret": SECRET, "now": NOW, **changes}
    return dpop.verify(header, **given)


def test_pkce_thumbprint_and_ath_are_the_rfcs() -> None:
    assert create_s256_code_challenge(VECTORS["pkce"]["verifier"]) == VECTORS["pkce"]["challenge"]
    assert ECKey.import_key(VECTORS["thumbprint"]["jwk"]).thumbprint() == VECTORS["thumbprint"]["jkt"]
    assert dpop.ath(VECTORS["ath"]["token"]) == VECTORS["ath"]["ath"]


@pytest.mark.parametrize(
    ("key", "alg"),
    [(KEY, "ES256"), (OKPKey.generate_key("Ed25519"), "EdDSA"), (RSAKey.generate_key(2048), "PS256")],
)
def test_a_proof_by_each_algorithm_holds(key: Any, alg: str) -> None:
    found = verify(proof(key, alg=alg))
    assert (found.jkt, found.jti) == (key.thumbprint(), "1")
    assert found.expires_at > NOW


@pytest.mark.parametrize(
    ("htu", "url"),
    [
        (URL, URL),
        (URL + "?a=b#c", URL),
        ("HTTPS://GATEWAY.example:443/oauth/token", URL),
        ("https://gateway.example", "https://gateway.example/"),
    ],
)
def test_the_same_url_in_another_writing_is_the_same(htu: str, url: str) -> None:
    assert verify(proof(htu=htu), url=url).jti == "1"


HEAD = "the header of the DPoP proof must be exactly typ dpop+jwt, alg and jwk"
MINUTE = "the iat of the DPoP proof is not of this minute"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (None, "the DPoP header is missing"),
        ("", "the DPoP header is missing"),
        ("a.b", "the DPoP proof is no compact JWS"),
        ("é.b.c", "the DPoP proof is no compact JWS"),
        ("A" * 9000 + ".b.c", "the DPoP proof is no compact JWS"),
        ("%.%.%", "the DPoP proof cannot be read: expected base64url without padding"),
        ("W10.W10.AA", "the DPoP proof holds no JSON objects"),
        (proof(header={"typ": "JWT"}), HEAD),
        (proof(header={"odd": "x"}), HEAD),
        (proof(header={"jwk": KEY.as_dict(private=True)}), "the jwk of the DPoP proof must be a public key"),
        (proof(header={"jwk": {"kty": "EC", "crv": "P-256"}}), "the DPoP proof is no key for ES256"),
        (proof(header={"jwk": {"kty": 1}}), "the jwk of the DPoP proof must be a public key"),
        (
            proof(header={"jwk": ECKey.generate_key("P-384").as_dict(private=False)}),
            "the DPoP proof is no key for ES256",
        ),
        (
            proof(header={"jwk": ECKey.generate_key("P-256").as_dict(private=False)}),
            "the DPoP proof has a signature that does not verify",
        ),
        (proof(jti=...), "the jti of the DPoP proof must be a string of 1 to 256 characters"),
        (proof(jti="x" * 257), "the jti of the DPoP proof must be a string of 1 to 256 characters"),
        (proof(jti=7), "the jti of the DPoP proof must be a string of 1 to 256 characters"),
        (proof(htm="GET"), "the DPoP proof is for another method, expected htm POST"),
        (proof(htm=...), "the DPoP proof is for another method, expected htm POST"),
        (proof(htu="https://other.example/oauth/token"), f"the DPoP proof is for another URL, expected htu {URL}"),
        (proof(htu="http://gateway.example/oauth/token"), f"the DPoP proof is for another URL, expected htu {URL}"),
        (proof(htu=URL + "/"), f"the DPoP proof is for another URL, expected htu {URL}"),
        (proof(htu="https://gateway.example:99999/"), f"the DPoP proof is for another URL, expected htu {URL}"),
        (proof(htu=7), f"the DPoP proof is for another URL, expected htu {URL}"),
        (proof(iat=...), "the iat of the DPoP proof must be a number"),
        (proof(iat="now"), "the iat of the DPoP proof must be a number"),
        (proof(iat=True), "the iat of the DPoP proof must be a number"),
        (proof(iat=int(NOW.timestamp()) - 61), MINUTE),
        (proof(iat=int(NOW.timestamp()) + 11), MINUTE),
        (proof(iat=10**30), MINUTE),
    ],
)
def test_a_proof_that_does_not_hold_is_refused(given: str | None, message: str) -> None:
    with pytest.raises(InvalidProofError) as error:
        verify(given)
    assert error.value.description == message


@pytest.mark.parametrize("seconds", [-60, -1, 0, 9, 10])
def test_a_proof_of_this_minute_holds(seconds: int) -> None:
    assert verify(proof(iat=int(NOW.timestamp()) + seconds)).jti == "1"


def test_an_algorithm_that_is_not_offered_is_refused() -> None:
    for alg, key in (("RS256", RSAKey.generate_key(2048)), ("ES384", ECKey.generate_key("P-384"))):
        with pytest.raises(InvalidProofError, match=re.escape(HEAD)):
            verify(proof(key, alg=alg))


def test_the_access_tokens_hash_must_be_its_own() -> None:
    assert verify(proof(ath=dpop.ath("token")), token="token").jti == "1"
    for given in (..., dpop.ath("other"), 7, ""):
        with pytest.raises(
            InvalidProofError, match=r"^invalid_dpop_proof: the ath of the DPoP proof is not of this access token$"
        ):
            verify(proof(ath=given), token="token")


@pytest.mark.parametrize("nonce", [..., "", "x", 7, dpop.nonce(bytes(31) + b"1", NOW), "é"])
def test_a_proof_without_this_servers_nonce_is_asked_for_one(nonce: Any) -> None:
    with pytest.raises(
        UseNonceError, match=r"^use_dpop_nonce: the DPoP proof lacks the nonce of this server, or has an old one$"
    ):
        verify(proof(nonce=nonce))


def test_a_nonce_lives_for_five_minutes() -> None:
    old = dpop.nonce(SECRET, NOW - timedelta(minutes=4))
    assert verify(proof(nonce=old)).jti == "1"
    for minutes in (-5, 1):
        with pytest.raises(UseNonceError):
            verify(proof(nonce=dpop.nonce(SECRET, NOW + timedelta(minutes=minutes))))


def test_a_proof_is_remembered_for_as_long_as_it_could_be_used() -> None:
    assert verify(proof()).expires_at >= NOW + dpop.LIFETIME + dpop.AHEAD


def test_a_proof_signed_by_a_key_of_another_kind_than_its_jwk_is_refused() -> None:
    signed = proof(OKPKey.generate_key("Ed25519"), alg="EdDSA", header={"jwk": KEY.as_dict(private=False)})
    with pytest.raises(InvalidProofError, match=r"the DPoP proof is no key for EdDSA$"):
        verify(signed)
