"""Client authentication by signed assertion (RFC 7523, FAPI 2.0)."""

from datetime import UTC, datetime
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OKPKey, RSAKey

from gateway.oauth import assertions
from gateway.oauth.errors import InvalidClientError

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
AT = int(NOW.timestamp())
ISSUER = "https://gateway.example"
KEY = ECKey.generate_key("P-256", auto_kid=True)
JWKS = {"keys": [KEY.as_dict(private=False)]}
pytestmark = pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")  # it warns of the name EdDSA
SIGNED_BY = "the client assertion must be signed by a registered key with ES256, EdDSA, PS256"
AUD = f"aud of the client assertion must be the string {ISSUER}"


def assertion(key: Any = KEY, *, alg: str = "ES256", kid: Any = None, **claims: Any) -> str:
    said = {"iss": "bank", "sub": "bank", "aud": ISSUER, "jti": "1", "iat": AT, "exp": AT + 60, **claims}
    header = {"alg": alg, "kid": kid or KEY.kid}
    kept = {name: value for name, value in said.items() if value is not ...}
    return jwt.encode(header, kept, key, algorithms=["ES256", "PS256", "RS256", "EdDSA", "HS256"])


def verify(text: str, jwks: Any = JWKS) -> assertions.Assertion:
    return assertions.verify(assertions.claimed(text), jwks=jwks, issuer=ISSUER, now=NOW)


@pytest.mark.parametrize(
    ("key", "alg"),
    [
        (ECKey.generate_key("P-256", auto_kid=True), "ES256"),
        (RSAKey.generate_key(2048, auto_kid=True), "PS256"),
        (OKPKey.generate_key("Ed25519", auto_kid=True), "EdDSA"),
    ],
)
def test_an_assertion_by_each_algorithm_holds(key: Any, alg: str) -> None:
    found = verify(assertion(key, alg=alg, kid=key.kid), {"keys": [key.as_dict(private=False)]})
    assert (found.client_id, found.jti) == ("bank", "1")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nothing", "the client assertion is no compact JWS"),
        ("a.b.c", "the client assertion cannot be read: expected base64url without padding"),
        ("é.b.c", "the client assertion is no compact JWS"),
        ("A" * 9000, "the client assertion is no compact JWS"),
        (assertion(kid="another"), SIGNED_BY),
        (assertion(RSAKey.generate_key(2048), alg="RS256"), SIGNED_BY),
        (assertion(ECKey.generate_key("P-256")), "the client assertion has a signature that does not verify"),
        (assertion(aud=[ISSUER]), AUD),
        (assertion(aud=f"{ISSUER}/oauth/token"), AUD),
        (assertion(aud=...), AUD),
        (assertion(jti=...), "jti of the client assertion must be a string of 1 to 256 characters"),
        (assertion(jti="x" * 257), "jti of the client assertion must be a string of 1 to 256 characters"),
        (assertion(exp=...), "exp of the client assertion must be a number of seconds since 1970"),
        (assertion(exp=True), "exp of the client assertion must be a number of seconds since 1970"),
        (assertion(exp=1e300), "exp of the client assertion must be a number of seconds since 1970"),
        (assertion(exp=AT), "exp of the client assertion must lie ahead, by five minutes at most"),
        (assertion(exp=AT + 361), "exp of the client assertion must lie ahead, by five minutes at most"),
        (assertion(iat=AT + 61), "iat of the client assertion lies more than 60 seconds ahead"),
        (assertion(nbf=AT + 61), "nbf of the client assertion lies more than 60 seconds ahead"),
        (assertion(iat="now"), "iat of the client assertion must be a number of seconds since 1970"),
    ],
)
def test_an_assertion_that_does_not_hold_is_refused(text: str, message: str) -> None:
    with pytest.raises(InvalidClientError) as error:
        verify(text)
    assert error.value.description == message


@pytest.mark.parametrize("claims", [{"iat": AT + 10}, {"iat": AT + 60}, {"nbf": AT - 1000}, {"iat": ...}])
def test_clocks_may_differ_a_little(claims: dict[str, Any]) -> None:
    assert verify(assertion(**claims)).jti == "1"


@pytest.mark.parametrize("claims", [{"sub": ...}, {"sub": "other"}, {"iss": ...}, {"sub": 7, "iss": 7}])
def test_issuer_and_subject_are_the_client(claims: dict[str, Any]) -> None:
    with pytest.raises(InvalidClientError) as error:
        assertions.claimed(assertion(**claims))
    assert error.value.description == "iss and sub of the client assertion must both be the client id"
