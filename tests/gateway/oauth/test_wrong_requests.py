"""What a wrong request is answered: a table, each line with the clause that it comes from."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx2
import pytest
from joserfc.jwk import ECKey, OctKey

from gateway.client.bank import ConsentRequest
from gateway.client.errors import ProtocolError
from gateway.oauth import dpop
from ledger.codec import b64u, sha256
from tests.support import builders
from tests.support.app import ISSUER
from tests.support.attempts import RSA, VERIFIER, Caller
from tests.support.database import database
from tests.support.path import REDIRECT, WholePath, whole_path

OTHER = ECKey.generate_key("P-256", auto_kid=True)
OTHER_JKT = OTHER.thumbprint()
DETAILS = "authorization_details"
SIGNED_BY = "must be signed by a registered key with ES256, EdDSA, PS256"
REGISTERED = "redirect_uri must be one of those registered, character by character"
HOUR = 3600


@dataclass
class Scene:
    """A bank with a code not yet used, and tokens; another bank; a carrier; the gateway's clock stands still."""

    bank: Caller
    other: Caller
    carrier: Caller
    request_uri: str
    code: str
    token: str
    refresh: str


@pytest.fixture(scope="module")
def scene(cluster_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with database(cluster_url) as url, whole_path(url, tmp_path_factory.mktemp("scene")) as path:
        bank, other, carrier = (Caller(path, party) for party in (path.bank, path.other_bank, path.carrier))
        given = bank.post("token", exchange(code(bank))).json()
        pushed = bank.post("par", bank.pushed()).json()["request_uri"]
        yield Scene(bank, other, carrier, pushed, code(bank), given["access_token"], given["refresh_token"])


def code(bank: Caller, **changes: Any) -> str:
    """Push a request and let the owner approve it; return the code."""
    pushed = bank.post("par", bank.pushed(changes))
    assert pushed.status_code == 201, pushed.text
    query = urlencode({"client_id": bank.party.id, "request_uri": pushed.json()["request_uri"]})
    location = bank.path.visitor().signed_in().approve(f"{ISSUER}/oauth/authorize?{query}")
    return dict(parse_qsl(urlsplit(location).query))["code"]


def exchange(given: str, **changes: Any) -> dict[str, Any]:
    form = {"grant_type": "authorization_code", "code": given, "redirect_uri": REDIRECT, "code_verifier": VERIFIER}
    return {**form, **changes}


Send = Callable[[Scene], httpx2.Response]


class Wrong(NamedTuple):
    """A wrong request: where that is said, what is wrong, how it is sent, and what must be answered."""

    clause: str
    what: str
    send: Send
    status: int
    error: str
    description: str


def assertion(header: Any = None, key: Any = None, **claims: Any) -> Send:
    """Push a request that holds, with another client assertion."""
    return lambda s: s.bank.post("par", s.bank.pushed(), assertion=s.bank.assertion(late(s, claims), header or {}, key))


def late(scene: Scene, claims: dict[str, Any]) -> dict[str, Any]:
    """Return claims; a timedelta is that much from now."""
    now = scene.bank.now
    return {
        name: now + int(value.total_seconds()) if isinstance(value, timedelta) else value
        for name, value in claims.items()
    }


def form(**changes: Any) -> Send:
    """Push a request with other parameters."""
    return lambda s: s.bank.post("par", s.bank.pushed(changes))


def unauthenticated(**changes: Any) -> Send:
    """Push a request with other parameters of the client's authentication."""
    return lambda s: s.bank.post("par", {**s.bank.pushed(), **changes})


def details(**members: Any) -> Send:
    """Push a request for other details."""
    return lambda s: s.bank.post("par", s.bank.pushed({DETAILS: json.dumps([s.bank.details(**members)])}))


def signed(header: Any = None, key: Any = None, **claims: Any) -> Send:
    """Push a request object with other claims."""
    return lambda s: s.bank.post("par", {"request": s.bank.request_object(late(s, claims), header or {}, key)})


def beside(**parameters: str) -> Send:
    """Push a request object that holds, and parameters beside it."""
    return lambda s: s.bank.post("par", {"request": s.bank.request_object(), **parameters})


def proof(header: Any = None, key: Any = None, method: str = "POST", path: str = "/oauth/token", **claims: Any) -> Send:
    """Redeem the code with another proof."""

    def send(s: Scene) -> httpx2.Response:
        made = s.bank.proof(method, ISSUER + path, late(s, claims), header or {}, key)
        return s.bank.post("token", exchange(s.code), proof=made)

    return send


def redeem(**changes: Any) -> Send:
    """Redeem the code with other parameters."""
    return lambda s: s.bank.post("token", {**exchange(s.code), **changes})


def refresh(**parameters: str) -> Send:
    """Use the refresh token with more parameters."""
    form = {"grant_type": "refresh_token", **parameters}
    return lambda s: s.bank.post("token", {**form, "refresh_token": s.refresh})


def token(**parameters: str) -> Send:
    """Ask the token endpoint for something else."""
    return lambda s: s.bank.post("token", parameters)


def called(header: Any = None, key: Any = None, method: str = "GET", path: str = "/grant", **claims: Any) -> Send:
    """Call the protected resource with another proof."""

    def send(s: Scene) -> httpx2.Response:
        usual = {"ath": dpop.ath(s.token)}
        made = s.bank.proof(method, ISSUER + path, {**usual, **late(s, claims)}, header or {}, key)
        return s.bank.get("/grant", s.token, proof=made)

    return send


def opened(**query: str) -> Send:
    """Come to the authorization endpoint with another query."""

    def send(s: Scene) -> httpx2.Response:
        usual = {"client_id": s.bank.party.id, "request_uri": s.request_uri}
        kept = {name: value for name, value in {**usual, **query}.items() if value}
        return s.bank.path.gateway.client.get(f"/oauth/authorize?{urlencode(kept)}")

    return send


def unsigned(text: str) -> str:
    """Return a JWT that says alg none and carries what `text` does."""
    return ".".join([b64u(b'{"alg":"none","typ":"at+jwt"}'), text.split(".")[1], ""])


CLIENT = "invalid_client"
OBJECT = "invalid_request_object"
PROOF = "invalid_dpop_proof"
REQUEST = "invalid_request"
GRANT = "invalid_grant"
INVALID_DETAILS = "invalid_authorization_details"
WIDER = json.dumps([builders.details(fields={}, personal={})])
NOT_THIS_MINUTE = "the iat of the DPoP proof is not of this minute"
NO_NONCE = "the DPoP proof lacks the nonce of this server, or has an old one"
OTHER_URL = f"the DPoP proof is for another URL, expected htu {ISSUER}"
HEADER = "the header of the DPoP proof must be exactly typ dpop+jwt, alg and jwk"
NO_TOKEN = "an access token with the DPoP scheme is missing"
MODES = "response_mode must be one of query, jwt, query.jwt, or left out"
ACTIONS = "grant_management_action must be one of create, replace, or left out"
CONSENT = "consent goes without grant_management_action and grant_id"
GRANT_ID = "grant_id goes with grant_management_action replace, and with nothing else"
S256 = "code_challenge_method must be S256"
SECONDS = {n: timedelta(seconds=n) for n in (-61, -1, 61, 400)}

CLIENT_AUTHENTICATION = [
    Wrong("FAPI 2.0 5.3.2.1", "aud is an array", assertion(aud=[ISSUER]), 401, CLIENT,
          f"aud of the client assertion must be the string {ISSUER}"),
    Wrong("FAPI 2.0 5.3.2.1", "aud is the endpoint", assertion(aud=f"{ISSUER}/oauth/par"), 401, CLIENT,
          f"aud of the client assertion must be the string {ISSUER}"),
    Wrong("FAPI 2.0 5.4", "RS256", assertion({"alg": "RS256"}, RSA), 401, CLIENT, f"the client assertion {SIGNED_BY}"),
    Wrong("FAPI 2.0 5.4", "none", assertion({"alg": "none"}), 401, CLIENT, f"the client assertion {SIGNED_BY}"),
    Wrong("RFC 8725 2.1", "HS256 by a public key", assertion({"alg": "HS256"}, OctKey.import_key("s" * 32)), 401,
          CLIENT, f"the client assertion {SIGNED_BY}"),
    Wrong("RFC 7523 3, 9", "another key", assertion(key=OTHER), 401, CLIENT,
          "the client assertion has a signature that does not verify"),
    Wrong("RFC 7517 4.5", "unknown kid", assertion({"kid": "x"}), 401, CLIENT, f"the client assertion {SIGNED_BY}"),
    Wrong("FAPI 2.0 5.3.2.1", "iat 61 s ahead", assertion(iat=SECONDS[61]), 401, CLIENT,
          "iat of the client assertion lies more than 60 seconds ahead"),
    Wrong("FAPI 2.0 5.3.2.1", "nbf 61 s ahead", assertion(nbf=SECONDS[61]), 401, CLIENT,
          "nbf of the client assertion lies more than 60 seconds ahead"),
    Wrong("RFC 7523 3, 4", "ended", assertion(exp=SECONDS[-1]), 401, CLIENT,
          "exp of the client assertion must lie ahead, by five minutes at most"),
    Wrong("RFC 7523 3, 4", "no exp", assertion(exp=...), 401, CLIENT,
          "exp of the client assertion must be a number of seconds since 1970"),
    Wrong("RFC 7523 3, 4", "exp far ahead", assertion(exp=SECONDS[400]), 401, CLIENT,
          "exp of the client assertion must lie ahead, by five minutes at most"),
    Wrong("RFC 7523 3, 7", "no jti", assertion(jti=...), 401, CLIENT,
          "jti of the client assertion must be a string of 1 to 256 characters"),
    Wrong("RFC 7523 3, 2", "no sub", assertion(sub=...), 401, CLIENT,
          "iss and sub of the client assertion must both be the client id"),
    Wrong("RFC 7523 3, 1", "another's iss", assertion(iss="westbank"), 401, CLIENT,
          "iss and sub of the client assertion must both be the client id"),
    Wrong("RFC 6749 5.2", "nobody's", assertion(iss="nobody", sub="nobody"), 401, CLIENT,
          "the client is not registered, or client_id is another"),
    Wrong("RFC 7521 4.2", "another's client_id", form(client_id="westbank"), 401, CLIENT,
          "the client is not registered, or client_id is another"),
    Wrong("FAPI 2.0 5.3.2.1", "no authentication", unauthenticated(client_assertion=...), 401, CLIENT,
          "client_assertion with client_assertion_type jwt-bearer is missing"),
    Wrong("RFC 7521 4.2", "another assertion type", unauthenticated(client_assertion_type="urn:x"), 401, CLIENT,
          "client_assertion with client_assertion_type jwt-bearer is missing"),
]  # fmt: skip

PUSHED = [
    Wrong("RFC 9126 2.1", "request_uri in PAR", form(request_uri="urn:x"), 400, REQUEST,
          "request_uri must not be pushed"),
    Wrong("RFC 6749 4.1.2.1", "a carrier asks", lambda s: s.carrier.post("par", s.carrier.pushed()), 400,
          "unauthorized_client", "only a bank asks for consent"),
    Wrong("RFC 6749 4.1.1", "no response_type", form(response_type=...), 400, REQUEST, "response_type is missing"),
    Wrong("FAPI 2.0 5.3.2.2", "implicit", form(response_type="token"), 400, "unsupported_response_type",
          "response_type must be code"),
    Wrong("FAPI 2.0 5.3.2.2", "hybrid", form(response_type="code id_token"), 400, "unsupported_response_type",
          "response_type must be code"),
    Wrong("FAPI 2.0 5.3.2.2", "no redirect_uri", form(redirect_uri=...), 400, REQUEST, REGISTERED),
    Wrong("RFC 9700 4.1.3", "another redirect_uri", form(redirect_uri=REDIRECT + "/"), 400, REQUEST, REGISTERED),
    Wrong("RFC 9700 4.1.3", "a query more", form(redirect_uri=REDIRECT + "?a=b"), 400, REQUEST, REGISTERED),
    Wrong("FAPI 2.0 5.3.2.2", "PKCE plain", form(code_challenge_method="plain"), 400, REQUEST, S256),
    Wrong("RFC 7636 4.3", "PKCE without method", form(code_challenge_method=...), 400, REQUEST, S256),
    Wrong("FAPI 2.0 5.3.2.2", "no PKCE", form(code_challenge=...), 400, REQUEST,
          "code_challenge must be base64url of a SHA-256 digest, 43 characters"),
    Wrong("Multiple Response Types 2.1", "fragment", form(response_mode="fragment"), 400, REQUEST, MODES),
    Wrong("JARM 2.3", "form_post.jwt", form(response_mode="form_post.jwt"), 400, REQUEST, MODES),
    Wrong("RFC 6749 3.3", "another scope", form(scope="openid"), 400, "invalid_scope",
          "scope must be evidence, or left out"),
    Wrong("RFC 6749 4.1.1", "a long state", form(state="s" * 1025), 400, REQUEST,
          "state must have at most 1024 characters"),
    Wrong("RFC 8707 2", "an unknown resource", form(resource="https://other.example"), 400, "invalid_target",
          "resource must be one that is registered here, or left out"),
    Wrong("RFC 9449 10", "dpop_jkt of another form", form(dpop_jkt="x"), 400, REQUEST,
          "dpop_jkt must be a key's thumbprint (RFC 7638)"),
    Wrong("RFC 9449 10.1", "dpop_jkt of another key", form(dpop_jkt=OTHER_JKT), 400, REQUEST,
          "dpop_jkt is not the key of the DPoP proof"),
    Wrong("RFC 9396 5", "no details", form(authorization_details=...), 400, "invalid_authorization_details",
          "authorization_details is missing"),
    Wrong("RFC 9396 5", "an unknown type", form(authorization_details='[{"type":"accounts"}]'), 400,
          "invalid_authorization_details", "authorization_details: /0/type: unknown type; expected trade_data"),
    Wrong("RFC 9396 5", "an unknown member", details(extra=1), 400, "invalid_authorization_details",
          "authorization_details: /0/extra: unknown member"),
    Wrong("Grant Management 5.1", "merge", form(grant_management_action="merge", grant_id="x"), 400, REQUEST, ACTIONS),
    Wrong("Grant Management 5.1", "replace nothing", form(grant_management_action="replace"), 400, REQUEST, GRANT_ID),
    Wrong("Grant Management 5.1", "create what is", form(grant_id="x"), 400, REQUEST, GRANT_ID),
    Wrong("Grant Management 5.2", "replace what is not",
          form(grant_management_action="replace", grant_id=b64u(bytes(32))), 400, "invalid_grant_id",
          "grant_id is no grant of this client that is in force"),
    Wrong("docs/banks.md", "consent beside an action", form(grant_management_action="create", consent="x"), 400,
          REQUEST, CONSENT),
    Wrong("docs/banks.md", "another's consent, or none", form(consent=b64u(bytes(32))), 400, "invalid_grant_id",
          "consent is none of this client that was given and is in force"),
]  # fmt: skip

REQUEST_OBJECTS = [
    Wrong("FAPI 2.0 5.4", "none", signed({"alg": "none"}), 400, OBJECT, f"the request object {SIGNED_BY}"),
    Wrong("FAPI 2.0 5.4", "RS256", signed({"alg": "RS256"}, RSA), 400, OBJECT, f"the request object {SIGNED_BY}"),
    Wrong("RFC 9101 6.2", "another key", signed(key=OTHER), 400, OBJECT,
          "the request object has a signature that does not verify"),
    Wrong("RFC 9101 10.8", "another kind of JWT", signed({"typ": "dpop+jwt"}), 400, OBJECT,
          "typ of the request object must be oauth-authz-req+jwt"),
    Wrong("RFC 9101 4", "another's iss", signed(iss="westbank"), 400, OBJECT,
          "iss of the request object must be the client id"),
    Wrong("RFC 9101 4", "another's client_id", signed(client_id="westbank"), 400, OBJECT,
          "client_id of the request object must be the client's"),
    Wrong("FAPI 2.0 MS 5.3.1, 2", "another aud", signed(aud="https://other.example"), 400, OBJECT,
          f"aud of the request object must be {ISSUER}"),
    Wrong("RFC 9101 10.8", "sub is the client", signed(sub=builders.BANK), 400, OBJECT,
          "sub of the request object must not be the client id"),
    Wrong("FAPI 2.0 MS 5.3.1, 3", "no nbf", signed(nbf=...), 400, OBJECT,
          "nbf of the request object must be a number of seconds since 1970"),
    Wrong("FAPI 2.0 MS 5.3.1, 3", "nbf 61 minutes back", signed(nbf=timedelta(minutes=-61)), 400, OBJECT,
          "nbf of the request object lies more than 60 minutes back"),
    Wrong("FAPI 2.0 5.3.2.1", "nbf 61 s ahead", signed(nbf=SECONDS[61]), 400, OBJECT,
          "nbf of the request object lies more than 60 seconds ahead"),
    Wrong("FAPI 2.0 5.3.2.1", "iat 61 s ahead", signed(iat=SECONDS[61]), 400, OBJECT,
          "iat of the request object lies more than 60 seconds ahead"),
    Wrong("FAPI 2.0 MS 5.3.1, 4", "no exp", signed(exp=...), 400, OBJECT,
          "exp of the request object must be a number of seconds since 1970"),
    Wrong("FAPI 2.0 MS 5.3.1, 4", "ended", signed(exp=SECONDS[-1]), 400, OBJECT, "the request object has ended"),
    Wrong("FAPI 2.0 MS 5.3.1, 4", "lives for more than an hour", signed(exp=timedelta(seconds=HOUR + 1)), 400, OBJECT,
          "exp of the request object lies more than 60 minutes after nbf"),
    Wrong("RFC 9101 4", "request_uri within", signed(request_uri="urn:x"), 400, OBJECT,
          "a request object must not hold request or request_uri"),
    Wrong("RFC 9101 6.1", "encrypted", form(**dict.fromkeys(
        ("response_type", "redirect_uri", "state", "code_challenge", "code_challenge_method", DETAILS), ...),
        request="a.b.c.d.e"), 400, OBJECT, "the request object is no compact JWS"),
    Wrong("RFC 9126 3", "parameters beside it", beside(state="x", scope="evidence"), 400, REQUEST,
          "scope, state: expected within the request object"),
    Wrong("FAPI 2.0 5.3.2.2", "PKCE plain within", signed(code_challenge_method="plain"), 400, REQUEST, S256),
    Wrong("RFC 9700 4.1.3", "another redirect_uri within", signed(redirect_uri=REDIRECT + "/"), 400, REQUEST,
          REGISTERED),
]  # fmt: skip

AUTHORIZATION = [
    Wrong("RFC 9126 5", "not pushed", opened(request_uri="", response_type="code"), 422, "",
          "request_uri is missing: push the request first (RFC 9126)"),
    Wrong("RFC 9126 4", "no client_id", opened(client_id=""), 422, "", "client_id is missing"),
    Wrong("RFC 9101 5", "request too", opened(request="e30.e30."), 422, "",
          "request and request_uri must not be used together"),
    Wrong("RFC 9126 2.2", "another client's request_uri", opened(client_id="westbank"), 404, "",
          "this request is unknown, has ended, or is completed: start again at the bank"),
    Wrong("RFC 9126 4", "an unknown request_uri", opened(request_uri="urn:ietf:params:oauth:request_uri:x"), 404, "",
          "this request is unknown, has ended, or is completed: start again at the bank"),
    Wrong("RFC 9126 4", "a request_uri elsewhere", opened(request_uri="https://bank.example/request"), 404, "",
          "this request is unknown, has ended, or is completed: start again at the bank"),
]  # fmt: skip

TOKENS = [
    Wrong("FAPI 2.0 5.3.2.1", "no proof", lambda s: s.bank.post("token", exchange(s.code), proof=...), 400, PROOF,
          "the DPoP header is missing"),
    Wrong("RFC 8705 2", "neither certificate nor assertion",
          lambda s: s.bank.post("token", {**exchange(s.code), "client_assertion": ...}, proof=...), 401, CLIENT,
          "client_assertion with client_assertion_type jwt-bearer is missing"),
    Wrong("RFC 9449 4.3, 1", "two proofs",
          lambda s: s.bank.post("token", exchange(s.code), headers=[("DPoP", "x")]), 400, PROOF,
          "there are several DPoP headers"),
    Wrong("RFC 9449 8", "no nonce", proof(nonce=...), 400, "use_dpop_nonce", NO_NONCE),
    Wrong("RFC 9449 8", "a made-up nonce", proof(nonce="x"), 400, "use_dpop_nonce", NO_NONCE),
    Wrong("RFC 9449 4.3, 9", "for another URL", proof(path="/oauth/par"), 400, PROOF, f"{OTHER_URL}/oauth/token"),
    Wrong("RFC 9449 4.3, 8", "for another method", proof(method="GET"), 400, PROOF,
          "the DPoP proof is for another method, expected htm POST"),
    Wrong("RFC 9449 4.3, 11", "iat 61 s ahead", proof(iat=SECONDS[61]), 400, PROOF, NOT_THIS_MINUTE),
    Wrong("RFC 9449 4.3, 11", "iat 61 s back", proof(iat=SECONDS[-61]), 400, PROOF, NOT_THIS_MINUTE),
    Wrong("RFC 9449 4.3, 3", "no jti", proof(jti=...), 400, PROOF,
          "the jti of the DPoP proof must be a string of 1 to 256 characters"),
    Wrong("RFC 9449 4.3, 4", "another typ", proof({"typ": "JWT"}), 400, PROOF, HEADER),
    Wrong("FAPI 2.0 5.4", "RS256", proof({"alg": "RS256"}, RSA), 400, PROOF, HEADER),
    Wrong("RFC 9449 4.3, 5", "none", proof({"alg": "none"}), 400, PROOF, HEADER),
    Wrong("RFC 9449 4.3, 7", "a private key", proof({"jwk": OTHER.as_dict(private=True)}, OTHER), 400, PROOF,
          "the jwk of the DPoP proof must be a public key"),
    Wrong("RFC 9449 4.3, 6", "another key", proof({"jwk": OTHER.as_dict(private=False)}), 400, PROOF,
          "the DPoP proof has a signature that does not verify"),
    Wrong("RFC 9449 10", "the code is of another key", proof(key=OTHER), 400, GRANT,
          "the code is bound to another DPoP key"),
    Wrong("RFC 6749 5.2", "an unknown code", redeem(code="x"), 400, GRANT, "Invalid 'code' in request."),
    Wrong("RFC 6749 4.1.3", "another bank's code", lambda s: s.other.post("token", exchange(s.code)), 400, GRANT,
          "Invalid 'code' in request."),
    Wrong("RFC 6749 4.1.3", "another redirect_uri", redeem(redirect_uri="https://bank.example/other"), 400, GRANT,
          "Invalid 'redirect_uri' in request."),
    Wrong("RFC 7636 4.6", "another verifier", redeem(code_verifier="w" * 43), 400, GRANT, "Code challenge failed."),
    Wrong("RFC 7636 4.5", "no verifier", redeem(code_verifier=""), 400, GRANT, "code_verifier is missing"),
    Wrong("RFC 8707 2.2", "another resource", redeem(resource="https://other.example"), 400, "invalid_target",
          "resource must be the one of the authorization request, or left out"),
    Wrong("RFC 9700 2.4", "password", token(grant_type="password"), 400, "unsupported_grant_type", ""),
    Wrong("RFC 6749 5.2", "no grant_type", token(), 400, REQUEST, "grant_type is missing"),
    Wrong("RFC 6749 5.2", "an unknown refresh token", token(grant_type="refresh_token", refresh_token="x"), 400, GRANT,
          "the refresh token is not one of this client's"),
    Wrong("RFC 6749 10.4", "another bank's refresh token",
          lambda s: s.other.post("token", {"grant_type": "refresh_token", "refresh_token": s.refresh}), 400, GRANT,
          "the refresh token is not one of this client's"),
    Wrong("RFC 6749 6", "a wider scope on refresh", refresh(scope="evidence events"), 400, "invalid_scope",
          "The requested scope is invalid, unknown, or malformed."),
    Wrong("RFC 9396 6.1", "wider details on refresh", refresh(authorization_details=WIDER), 400, INVALID_DETAILS,
          "authorization_details must be those that were granted, or left out"),
    Wrong("RFC 9396 6.1", "other details with the code", redeem(authorization_details=WIDER), 400, INVALID_DETAILS,
          "authorization_details must be those that were granted, or left out"),
    Wrong("RFC 9396 6.1", "no JSON on refresh", refresh(authorization_details="["), 400, INVALID_DETAILS,
          "not JSON: Expecting value at line 1, column 2"),
    Wrong("RFC 6749 5.2", "a consent's scope without consent",
          token(grant_type="client_credentials", scope="evidence"), 400, "invalid_scope",
          "scope must name what this client may do, such as ingest:<connector> or events"),
    Wrong("RFC 8707 2", "own token, another resource",
          token(grant_type="client_credentials", scope="grant_management_query", resource="https://other.example"), 400,
          "invalid_target", "resource must be one that is registered here, or left out"),
]  # fmt: skip

RESOURCE = [
    Wrong("RFC 9449 7.2", "bearer downgrade", lambda s: s.bank.get("/grant", s.token, scheme="Bearer", proof=...), 401,
          "invalid_token", NO_TOKEN),
    Wrong("RFC 6750 5.3", "token in the query",
          lambda s: s.bank.path.gateway.client.get(f"/grant?access_token={s.token}"), 401, "", NO_TOKEN),
    Wrong("RFC 9449 7.1", "stolen token", called(key=OTHER), 401, "invalid_token",
          "the access token is bound to another DPoP key"),
    Wrong("RFC 9449 7.1", "no proof", lambda s: s.bank.get("/grant", s.token, proof=...), 401, PROOF,
          "the DPoP header is missing"),
    Wrong("RFC 9449 9", "no nonce", called(nonce=...), 401, "use_dpop_nonce", NO_NONCE),
    Wrong("RFC 9449 4.3, 12", "no ath", called(ath=...), 401, PROOF,
          "the ath of the DPoP proof is not of this access token"),
    Wrong("RFC 9449 4.3, 12", "another token's ath", called(ath=b64u(sha256(b"x"))), 401, PROOF,
          "the ath of the DPoP proof is not of this access token"),
    Wrong("RFC 9449 4.3, 9", "for another URL", called(path="/evidence"), 401, PROOF, f"{OTHER_URL}/grant"),
    Wrong("RFC 9449 4.3, 8", "for another method", called(method="POST"), 401, PROOF,
          "the DPoP proof is for another method, expected htm GET"),
    Wrong("RFC 9449 4.3, 11", "iat 61 s ahead", called(iat=SECONDS[61]), 401, PROOF, NOT_THIS_MINUTE),
    Wrong("RFC 9068 4", "no access token", lambda s: s.bank.get("/grant", s.bank.assertion()), 401, "invalid_token",
          "the access token is not one of this gateway's"),
    Wrong("RFC 9068 4", "alg none", lambda s: s.bank.get("/grant", unsigned(s.token)), 401, "invalid_token",
          "the access token is not one of this gateway's"),
    Wrong("RFC 6749 1.5", "a refresh token", lambda s: s.bank.get("/grant", s.refresh), 401, "invalid_token",
          "the access token is not one of this gateway's"),
]  # fmt: skip

TABLE = {
    f"{place}: {wrong.what} ({wrong.clause})": wrong
    for place, lines in {
        "client authentication": CLIENT_AUTHENTICATION,
        "pushed request": PUSHED,
        "request object": REQUEST_OBJECTS,
        "authorization endpoint": AUTHORIZATION,
        "token endpoint": TOKENS,
        "resource": RESOURCE,
    }.items()
    for wrong in lines
}


@pytest.mark.parametrize("wrong", TABLE.values(), ids=TABLE)
def test_a_wrong_request_gets_the_error_that_its_clause_names(scene: Scene, wrong: Wrong) -> None:
    response = wrong.send(scene)
    assert response.status_code == wrong.status, response.text
    assert told(response) == (wrong.error, wrong.description)
    assert "location" not in response.headers


def told(response: httpx2.Response) -> tuple[str, str]:
    """Return the error and its description: OAuth's form, a problem with its challenge, or a page."""
    if response.headers["content-type"].startswith("text/html"):
        return "", response.text.partition('role="alert"><p>')[2].partition("</p>")[0]
    body = response.json()
    if "detail" not in body:
        return body["error"], body.get("error_description", "")
    challenge = response.headers["www-authenticate"]
    assert challenge.startswith("DPoP ")
    assert ("error" not in body) or f'error="{body["error"]}"' in challenge
    assert response.headers["dpop-nonce"]
    return body.get("error", ""), body["detail"]


def test_no_line_of_the_table_hides_another() -> None:
    assert len(TABLE) == sum(
        map(len, (CLIENT_AUTHENTICATION, PUSHED, REQUEST_OBJECTS, AUTHORIZATION, TOKENS, RESOURCE))
    )


def test_nothing_of_this_used_the_code_up(scene: Scene) -> None:
    assert scene.bank.post("token", exchange(scene.code)).status_code == 200


def test_an_assertion_that_was_used_is_refused(scene: Scene) -> None:
    once = scene.bank.assertion()
    first, second = (scene.bank.post("introspect", {"token": "x"}, assertion=once) for _ in range(2))
    assert first.status_code == 200
    assert (second.status_code, second.json()["error"]) == (401, CLIENT)


def test_a_parameter_that_stands_twice_is_refused(scene: Scene) -> None:
    content = urlencode([*scene.bank.authenticated(scene.bank.pushed()).items(), ("state", "b")])
    response = scene.bank.path.gateway.client.post(
        "/oauth/par", content=content, headers={"Content-Type": "application/x-www-form-urlencoded"}
    )
    assert (response.status_code, told(response)) == (400, (REQUEST, "a parameter stands twice (RFC 6749 section 3.1)"))


def test_a_code_is_stale_after_a_minute(path: WholePath) -> None:
    bank = Caller(path, path.bank)
    given = code(bank)
    path.gateway.clock.turn(timedelta(seconds=59))
    assert bank.post("token", exchange(given)).status_code == 200
    given = code(bank)
    path.gateway.clock.turn(timedelta(seconds=60))
    assert told(bank.post("token", exchange(given))) == (GRANT, "the code has ended: it lives for a minute")


def test_a_request_uri_ends_and_a_page_that_is_only_looked_at_does_not_use_it_up(path: WholePath) -> None:
    bank = Caller(path, path.bank)
    pushed = bank.post("par", bank.pushed()).json()
    url = "/oauth/authorize?" + urlencode({"client_id": bank.party.id, "request_uri": pushed["request_uri"]})
    assert pushed["expires_in"] == 540
    for _ in range(3):
        assert path.gateway.client.get(url).status_code == 303
    path.gateway.clock.turn(timedelta(seconds=540))
    assert path.gateway.client.get(url).status_code == 404


def test_an_answer_that_names_another_issuer_is_refused_by_our_own_client(path: WholePath) -> None:
    request = path.ask()
    location = path.visitor().signed_in().approve(request.url)
    mixed_up = location.replace(urlencode({"iss": ISSUER}), urlencode({"iss": "https://other.example"}))
    assert mixed_up != location
    assert isinstance(request, ConsentRequest)
    with pytest.raises(ProtocolError, match=r"^answer of issuer 'https://other\.example', expected"):
        path.as_bank().exchange(request, mixed_up)
