"""Requests to the OAuth endpoints that hold, but for what a test changes; signed at the gateway's own time."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import EllipsisType
from typing import Any
from urllib.parse import urlencode

import httpx2
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey
from joserfc.jws import JWSRegistry

from gateway.client.connection import ASSERTION_TYPE
from gateway.oauth import dpop
from ledger.codec import b64u, sha256
from tests.support import builders
from tests.support.app import ISSUER
from tests.support.builders import Party
from tests.support.path import REDIRECT, WholePath

FORM = "application/x-www-form-urlencoded"
ALGORITHMS = ["ES256", "PS256", "RS256", "EdDSA", "ES384", "HS256"]
VERIFIER = "v" * 43
RSA = RSAKey.generate_key(2048, auto_kid=True)
Changes = Mapping[str, Any]
NOTHING: Changes = {}


def changed(usual: Changes, changes: Changes) -> dict[str, Any]:
    """Return members with changes; `...` leaves one out."""
    return {name: value for name, value in {**usual, **changes}.items() if value is not ...}


def signed(header: Changes, claims: Changes, key: Any) -> str:
    """Return a JWT; with `alg` none, or a signature that is given as a header member `signature`, as it is."""
    if header["alg"] == "none":
        parts = (b64u(json.dumps(dict(part)).encode()) for part in (header, claims))
        return ".".join([*parts, ""])
    registry = JWSRegistry(algorithms=ALGORITHMS)
    return jwt.encode(dict(header), dict(claims), key, registry=registry)


@dataclass
class Caller:
    """One client at the endpoints, with the key that its proofs are by."""

    path: WholePath
    party: Party
    proof_key: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256"))

    @property
    def now(self) -> int:
        """The gateway's time, in seconds since 1970."""
        return int(self.path.gateway.clock().timestamp())

    @property
    def nonce(self) -> str:
        """The server's nonce of this minute."""
        return dpop.nonce(self.path.gateway.keyring.nonce, self.path.gateway.clock())

    def assertion(self, claims: Changes = NOTHING, header: Changes = NOTHING, key: Any = None) -> str:
        """Return a client assertion."""
        usual = {
            "iss": self.party.id,
            "sub": self.party.id,
            "aud": ISSUER,
            "iat": self.now,
            "exp": self.now + 60,
            "jti": secrets.token_urlsafe(16),
        }
        head = changed({"alg": "ES256", "kid": self.party.client.kid}, header)
        return signed(head, changed(usual, claims), key or self.party.client)

    def proof(
        self, method: str, url: str, claims: Changes = NOTHING, header: Changes = NOTHING, key: Any = None
    ) -> str:
        """Return a DPoP proof."""
        usual = {
            "htm": method,
            "htu": url,
            "iat": self.now,
            "jti": secrets.token_urlsafe(16),
            "nonce": self.nonce,
        }
        key = key or self.proof_key
        usual_header = {"alg": "ES256", "typ": "dpop+jwt", "jwk": key.as_dict(private=False)}
        return signed(changed(usual_header, header), changed(usual, claims), key)

    def pushed(self, changes: Changes = NOTHING) -> dict[str, str]:
        """Return the parameters of an authorization request."""
        usual = {
            "response_type": "code",
            "redirect_uri": REDIRECT,
            "state": "s",
            "code_challenge": b64u(sha256(VERIFIER.encode())),
            "code_challenge_method": "S256",
            "authorization_details": json.dumps([self.details()]),
        }
        return changed(usual, changes)

    def details(self, **members: Any) -> dict[str, Any]:
        """Return what is asked for."""
        return builders.details(expires_at=f"{self.path.end:%Y-%m-%d}T00:00:00Z", **members)

    def request_object(self, claims: Changes = NOTHING, header: Changes = NOTHING, key: Any = None) -> str:
        """Return a signed authorization request (RFC 9101)."""
        usual = {
            **self.pushed(),
            "authorization_details": [self.details()],
            "client_id": self.party.id,
            "iss": self.party.id,
            "aud": ISSUER,
            "nbf": self.now,
            "exp": self.now + 300,
        }
        head = changed({"alg": "ES256", "kid": self.party.client.kid, "typ": "oauth-authz-req+jwt"}, header)
        return signed(head, changed(usual, claims), key or self.party.client)

    def authenticated(self, form: Changes, assertion: str | None = None) -> dict[str, str]:
        """Return a form with the client's assertion."""
        usual = {
            "client_id": self.party.id,
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": assertion or self.assertion(),
        }
        return changed(usual, form)

    def post(
        self,
        endpoint: str,
        form: Changes,
        *,
        assertion: str | None = None,
        proof: str | EllipsisType | None = None,
        headers: list[tuple[str, str]] | None = None,
    ) -> httpx2.Response:
        """Post a form to an endpoint such as `par`; `proof` of `...` sends none."""
        url = f"{ISSUER}/oauth/{endpoint}"
        sent = [("Content-Type", FORM), *(headers or [])]
        if proof is not ...:
            sent.append(("DPoP", proof or self.proof("POST", url)))
        content = urlencode(self.authenticated(form, assertion))
        response: httpx2.Response = self.path.gateway.client.post(f"/oauth/{endpoint}", content=content, headers=sent)
        return response

    def get(
        self,
        path: str,
        token: str,
        *,
        scheme: str = "DPoP",
        proof: str | EllipsisType | None = None,
        method: str = "GET",
    ) -> httpx2.Response:
        """Call a protected resource with an access token."""
        headers = {"Authorization": f"{scheme} {token}"}
        if proof is not ...:
            headers["DPoP"] = proof or self.proof(method, f"{ISSUER}{path}", {"ath": dpop.ath(token)})
        response: httpx2.Response = self.path.gateway.client.request(method, path, headers=headers)
        return response
