"""What the authorization server reads: forms, assertions, proofs, access tokens, authorization details."""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote, urlencode

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, derive_private_key
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc.jwk import ECKey

from gateway.consent.details import parse_details
from gateway.consent.values import DetailsError
from gateway.directory.tables import Participant
from gateway.oauth import assertions, checks, client_keys, compact, dpop, jar, mtls, parameters, tokens
from gateway.oauth.asked import Asked
from gateway.oauth.compact import CompactError
from gateway.oauth.errors import OAuth2Error
from gateway.oauth.mtls import CertificateError
from gateway.oauth.tokens import TokenError
from gateway.token_keys import FIRST, TokenKeys
from ledger.codec import b64u
from ledger.errors import CodecError
from schemas.strict_json import StrictJsonError, parse
from tests.fuzz.target import Target
from tests.support.app import ISSUER
from tests.support.builders import details

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
KEY = derive_private_key(int.from_bytes(b"a key for fuzzing"), SECP256R1())
JWK: dict[str, Any] = ECKey.import_key(KEY).as_dict(private=False)
JWKS = {"keys": [{**JWK, "kid": "k"}]}
SECRET = bytes(32)
BANK = "eastbank"
REDIRECT = "https://bank.example/callback"
PARTICIPANT = Participant(
    id=BANK,
    name="East Bank",
    roles=["bank"],
    identifiers=[],
    redirect_uris=[REDIRECT],
    client_jwks={},
    created_at=NOW,
    carrier_code=None,
    initiate_uri=None,
    sealing_jwks={},
    client_metadata={},
)
URL = f"{ISSUER}/oauth/token"
HEAD_BYTES = 131_072


def targets() -> Iterator[Target]:
    """Yield the targets. Those named `signed` are given header and claims on two lines, and sign them themselves."""
    yield Target("form", parameters.read, (OAuth2Error,), lambda: [_form()], parameters.MOST_BYTES)
    yield Target("pushed_request", _pushed, (OAuth2Error,), lambda: [_form()], parameters.MOST_BYTES)
    yield Target("details", _details, (DetailsError, StrictJsonError), _asked, checks.LONGEST_DETAILS)
    yield Target("assertion", _assertion, (OAuth2Error,), lambda: [_sign(_claimed())], parameters.MOST_BYTES)
    yield Target("signed_assertion", lambda data: _assertion(_sign(data)), (OAuth2Error,), lambda: [_claimed()], 6000)
    yield Target("proof", _proof, (OAuth2Error,), lambda: [_sign(_proved())], HEAD_BYTES)
    yield Target("signed_proof", lambda data: _proof(_sign(data)), (OAuth2Error,), lambda: [_proved()], 6000)
    yield Target(
        "jwk", _jwk, (CompactError, StrictJsonError), lambda: [json.dumps(each).encode() for each in KEYS], 6000
    )
    yield Target("request_object", _request_object, (OAuth2Error,), lambda: [_sign(_requested())], jar.LONGEST)
    yield Target(
        "signed_request_object",
        lambda data: _request_object(_sign(data)),
        (OAuth2Error,),
        lambda: [_requested()],
        48_000,
    )
    yield Target("client_keys", client_keys.read, (CodecError,), _jwks, client_keys.MOST_BYTES)
    yield Target("certificate", _certificate, (CertificateError,), lambda: [_shown()], HEAD_BYTES)
    yield Target("access_token", _token, (TokenError,), lambda: [_given().encode()], HEAD_BYTES)


KEYS = (
    JWK,
    {"kty": "OKP", "crv": "Ed25519", "x": b64u(bytes(32))},
    {"kty": "RSA", "n": b64u(b"\xff" * 256), "e": "AQAB"},
    {"kty": "RSA", "n": b64u(b"\xff" * 2100), "e": b64u(b"\xff" * 2100)},
)


def _sign(data: bytes) -> bytes:
    """Return the compact JWS of a header and claims, each on a line."""
    header, _, claims = data.partition(b"\n")
    signed = f"{b64u(header)}.{b64u(claims)}".encode()
    r, s = decode_dss_signature(KEY.sign(signed, ECDSA(SHA256(), deterministic_signing=True)))
    return signed + b"." + b64u(r.to_bytes(32, "big") + s.to_bytes(32, "big")).encode()


def _lines(header: Any, claims: Any) -> bytes:
    return json.dumps(header).encode() + b"\n" + json.dumps(claims).encode()


def _claimed() -> bytes:
    now = int(NOW.timestamp())
    claims = {"iss": BANK, "sub": BANK, "aud": ISSUER, "jti": "1", "iat": now, "nbf": now, "exp": now + 60}
    return _lines({"alg": "ES256", "kid": "k"}, claims)


def _proved() -> bytes:
    now = int(NOW.timestamp())
    claims = {"htm": "POST", "htu": URL, "iat": now, "jti": "1", "nonce": dpop.nonce(SECRET, NOW), "ath": dpop.ath("a")}
    return _lines({"alg": "ES256", "typ": "dpop+jwt", "jwk": JWK}, claims)


def _form() -> bytes:
    return urlencode(_parameters()).encode()


def _parameters() -> dict[str, str]:
    return {
        "response_type": "code",
        "client_id": BANK,
        "redirect_uri": REDIRECT,
        "state": "s",
        "scope": "evidence",
        "code_challenge": b64u(bytes(32)),
        "code_challenge_method": "S256",
        "dpop_jkt": b64u(bytes(32)),
        "authorization_details": json.dumps([details()]),
    }


def _asked() -> Sequence[bytes]:
    return [json.dumps([details()]).encode(), json.dumps([details(identifiers=..., period=None)]).encode()]


def _given() -> str:
    now = int(NOW.timestamp())
    claims = {"iss": ISSUER, "aud": ISSUER, "sub": "a", "client_id": BANK, "iat": now, "exp": now + 60, "jti": "1"}
    return tokens.sign({**claims, "scope": "evidence", "family": "f", "cnf": {"jkt": b64u(bytes(32))}}, _oauth())


@cache
def _oauth() -> TokenKeys:
    """Return the keys that sign tokens, of a folder that lasts as long as the process."""
    folder = Path(_KEPT.name)
    path = folder / FIRST
    path.touch(0o600)
    path.write_bytes(KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return TokenKeys(folder)


_KEPT = TemporaryDirectory()


def _requested() -> bytes:
    now = int(NOW.timestamp())
    asked = {name: value for name, value in _parameters().items() if name != "authorization_details"}
    claims = {"iss": BANK, "aud": ISSUER, "nbf": now, "exp": now + 60, "authorization_details": [details()]}
    return _lines({"alg": "ES256", "kid": "k", "typ": "oauth-authz-req+jwt"}, {**asked, **claims})


def _jwks() -> Sequence[bytes]:
    return [json.dumps({"keys": [{**each, "kid": "k"} for each in KEYS]}).encode(), json.dumps(JWKS).encode()]


def _shown() -> bytes:
    """Return a certificate as the proxy tells of it."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, BANK)])
    builder = x509.CertificateBuilder(name, name, KEY.public_key(), 1, NOW, NOW + timedelta(days=1))
    names = x509.SubjectAlternativeName([x509.DNSName("bank.example"), x509.UniformResourceIdentifier(REDIRECT)])
    made = builder.add_extension(names, critical=False).sign(KEY, SHA256())
    return quote(made.public_bytes(Encoding.PEM)).encode()


def _header(data: bytes) -> str:
    return data.decode("latin-1")


def _pushed(data: bytes) -> None:
    checks.check(Asked(PARTICIPANT, parameters.read(data), None, [ISSUER], _opened, lambda _: None))


def _opened(text: str) -> dict[str, str]:
    return jar.parameters(jar.RequestObject(jar.read(text), BANK, ISSUER, JWKS, NOW))


def _request_object(data: bytes) -> None:
    """Read a request object, and what it holds as a form would."""
    checks.check(Asked(PARTICIPANT, {"request": _header(data)}, None, [ISSUER], _opened, lambda _: None))


def _certificate(data: bytes) -> None:
    mtls.read.__wrapped__(_header(data), issued=True)


def _details(data: bytes) -> None:
    found = parse_details(parse(data, max_bytes=checks.LONGEST_DETAILS))
    assert parse_details([found.as_json()]) == found


def _assertion(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    assertions.verify(assertions.claimed(text), jwks=JWKS, issuer=ISSUER, now=NOW)


def _proof(data: bytes) -> None:
    dpop.verify(_header(data), method="POST", url=URL, secret=SECRET, now=NOW, token="a")


def _jwk(data: bytes) -> None:
    value = parse(data, max_bytes=compact.LONGEST, max_depth=compact.MOST_DEPTH)
    if isinstance(value, dict):
        compact.public_key(value, {"EC": "ES256", "OKP": "EdDSA"}.get(str(value.get("kty")), "PS256"))


def _token(data: bytes) -> None:
    tokens.verify(_header(data), keys=_oauth(), issuer=ISSUER, now=NOW)
