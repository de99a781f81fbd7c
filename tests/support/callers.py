"""Call the API of a gateway under test, with a token of its own and a fresh proof for each request."""

import secrets
from dataclasses import dataclass, field
from typing import Any

import httpx2
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from joserfc import jwt
from joserfc.jwk import ECKey

from gateway.oauth import dpop, tokens
from ledger.codec import b64u, sha256
from tests.support.app import Gateway


@dataclass(frozen=True, slots=True)
class ApiCaller:
    """A client that holds a token for `scope`, bound to `key`."""

    gateway: Gateway
    client_id: str
    scope: str
    key: EllipticCurvePrivateKey = field(default_factory=lambda: generate_private_key(SECP256R1()))

    @property
    def token(self) -> str:
        """An access token as the gateway gives a provider."""
        issuer, now = self.gateway.settings.issuer, int(self.gateway.clock().timestamp())
        claims = {
            "iss": issuer,
            "aud": issuer,
            "sub": self.client_id,
            "client_id": self.client_id,
            "iat": now,
            "exp": now + 300,
            "jti": b64u(secrets.token_bytes(16)),
            "family": b64u(secrets.token_bytes(16)),
            "scope": self.scope,
            "cnf": {"jkt": ECKey.import_key(self.key).thumbprint()},
        }
        return tokens.sign(claims, self.gateway.keyring.oauth)

    def proof(self, method: str, path: str, token: str) -> str:
        """Return a proof for one request."""
        jwk = ECKey.import_key(self.key)
        now = self.gateway.clock()
        claims: dict[str, Any] = {
            "htm": method,
            "htu": f"{self.gateway.settings.issuer}{path}",
            "iat": int(now.timestamp()),
            "jti": b64u(secrets.token_bytes(16)),
            "nonce": dpop.nonce(self.gateway.keyring.nonce, now),
            "ath": b64u(sha256(token.encode())),
        }
        return jwt.encode({"alg": "ES256", "typ": "dpop+jwt", "jwk": jwk.as_dict(private=False)}, claims, jwk)

    def request(
        self, method: str, path: str, *, headers: dict[str, str] | None = None, **request: Any
    ) -> httpx2.Response:
        """Send a request."""
        token = self.token
        credentials = {"Authorization": f"DPoP {token}", "DPoP": self.proof(method, path, token)}
        response: httpx2.Response = self.gateway.client.request(
            method, path, headers={**credentials, **(headers or {})}, **request
        )
        return response
