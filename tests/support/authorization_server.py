"""A small authorization and resource server for the client's tests: strict where a client can get it wrong."""

import base64
import hashlib
import json
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import httpx2
from joserfc import jwt
from joserfc.errors import SecurityWarning
from joserfc.jwk import ECKey, KeySet

ISSUER = "https://gateway.example"
CLIENT_ALGORITHMS = ["ES256", "PS256", "EdDSA"]
PROBLEM = {"Content-Type": "application/problem+json"}


@dataclass
class AuthorizationServer:
    """Hands out the nonces of `nonces` in turn; a request without the present one is refused as RFC 9449 says."""

    client_jwks: dict[str, Any]
    nonces: list[str] = field(default_factory=lambda: ["first"])
    issuer: str = ISSUER
    token_type: str = "DPoP"
    stubborn: bool = False
    challenge: str = ""
    forms: list[dict[str, str]] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    answers: list[httpx2.Response] = field(default_factory=list)
    asked: list[httpx2.Request] = field(default_factory=list)

    def client(self) -> httpx2.Client:
        """Return an HTTP client that reaches this server alone."""
        return httpx2.Client(transport=httpx2.MockTransport(self.handle))

    def handle(self, request: httpx2.Request) -> httpx2.Response:
        """Answer one request."""
        if request.url.path == "/.well-known/oauth-authorization-server":
            return httpx2.Response(200, json=self.metadata())
        token = request.headers.get("Authorization", "").removeprefix("DPoP ") or None
        proof = self._proof(request, token)
        if self.stubborn or proof.claims.get("nonce") != self.nonces[0]:
            return self._refuse_nonce(token)
        if token is None:
            return self._token_or_request(request, proof)
        self.asked.append(request)
        return self.answers.pop(0)

    def metadata(self) -> dict[str, str]:
        """Return the metadata (RFC 8414)."""
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{ISSUER}/oauth/authorize",
            "pushed_authorization_request_endpoint": f"{ISSUER}/oauth/par",
            "token_endpoint": f"{ISSUER}/oauth/token",
        }

    def _token_or_request(self, request: httpx2.Request, proof: jwt.Token) -> httpx2.Response:
        form = dict(parse_qsl(request.content.decode()))
        self._authenticate(form)
        self.forms.append(form)
        if request.url.path == "/oauth/par":
            assert form["dpop_jkt"] == ECKey.import_key(proof.header["jwk"]).thumbprint()
            self.challenge = form["code_challenge"]
            return httpx2.Response(201, json={"request_uri": "urn:request:1", "expires_in": 300})
        if form["grant_type"] == "authorization_code":
            digest = hashlib.sha256(form["code_verifier"].encode()).digest()
            assert base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == self.challenge
        if form.get("refresh_token") == "ended":
            return httpx2.Response(400, json={"error": "invalid_grant", "error_description": "the consent is revoked"})
        return httpx2.Response(200, json=self._tokens(form))

    def _tokens(self, form: Mapping[str, str]) -> dict[str, Any]:
        answer: dict[str, Any] = {"access_token": "token-1", "token_type": self.token_type, "expires_in": 300}
        if form["grant_type"] == "authorization_code":
            answer |= {"refresh_token": "refresh-1", "grant_id": "grant-1", "authorization_details": [{"type": "t"}]}
        return answer

    def _authenticate(self, form: Mapping[str, str]) -> None:
        keys = KeySet.import_key_set({"keys": self.client_jwks["keys"]})
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SecurityWarning)  # FAPI 2.0 names EdDSA, RFC 9864 would rather Ed25519
            claims = jwt.decode(form["client_assertion"], keys, algorithms=CLIENT_ALGORITHMS).claims
        assert claims["aud"] == ISSUER
        assert claims["iss"] == claims["sub"] == form["client_id"]
        self._once(claims["jti"])

    def _proof(self, request: httpx2.Request, token: str | None) -> jwt.Token:
        proof = request.headers["DPoP"]
        header = json.loads(base64.urlsafe_b64decode(proof.split(".")[0] + "=="))
        decoded = jwt.decode(proof, ECKey.import_key(header["jwk"]), algorithms=["ES256"])
        assert decoded.header["typ"] == "dpop+jwt"
        assert "d" not in decoded.header["jwk"]
        assert decoded.claims["htm"] == request.method
        assert decoded.claims["htu"] == str(request.url.copy_with(query=None))
        if token:
            digest = hashlib.sha256(token.encode()).digest()
            assert decoded.claims["ath"] == base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        self._once(decoded.claims["jti"])
        return decoded

    def _once(self, jti: str) -> None:
        assert jti not in self.seen
        self.seen.add(jti)

    def _refuse_nonce(self, token: str | None) -> httpx2.Response:
        if len(self.nonces) > 1:
            self.nonces.pop(0)
        headers = {"DPoP-Nonce": self.nonces[0]}
        if token is None:
            return httpx2.Response(400, json={"error": "use_dpop_nonce"}, headers=headers)
        headers |= {"WWW-Authenticate": 'DPoP error="use_dpop_nonce", algs="ES256"'}
        return httpx2.Response(401, json={"type": "urn:tidegate:error:unauthenticated"}, headers={**PROBLEM, **headers})


def problem(status: int, code: str, headers: Mapping[str, str] | None = None, **members: Any) -> httpx2.Response:
    """Return a problem document (RFC 9457)."""
    return httpx2.Response(
        status, json={"type": f"urn:tidegate:error:{code}", **members}, headers={**PROBLEM, **(headers or {})}
    )
