"""What the server says of itself (RFC 8414, RFC 9728): what is announced works, what does not work is not announced."""

from datetime import datetime
from typing import Any

from connectors.registry import names
from gateway.keys import Keyring
from gateway.oauth.checks import ACTIONS, MODES, PROOFS, SCOPE
from gateway.oauth.clients import EVENTS, GRANT_SCOPES, METHODS, PROVIDER_SCOPES
from gateway.oauth.compact import ALGORITHMS
from gateway.oauth.grant_management import ENDPOINT as GRANTS
from gateway.settings import Settings

ENDPOINTS = {
    "authorization_endpoint": "/oauth/authorize",
    "pushed_authorization_request_endpoint": "/oauth/par",
    "token_endpoint": "/oauth/token",
    "revocation_endpoint": "/oauth/revoke",
    "introspection_endpoint": "/oauth/introspect",
}
AUTHENTICATED = ("token", "revocation", "introspection")
SIGNED_WITH = ("ES256",)
"""What the gateway's own keys sign with."""


def authorization_server(settings: Settings) -> dict[str, Any]:
    """Return the authorization server's metadata (RFC 8414 section 2)."""
    issuer = settings.issuer
    return {
        "issuer": issuer,
        **{name: issuer + path for name, path in ENDPOINTS.items()},
        "require_pushed_authorization_requests": True,
        "jwks_uri": f"{issuer}/oauth/jwks",
        "scopes_supported": scopes(),
        "response_types_supported": ["code"],
        "response_modes_supported": list(MODES),
        "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
        "code_challenge_methods_supported": ["S256"],
        "authorization_details_types_supported": ["trade_data"],
        "authorization_response_iss_parameter_supported": True,
        "authorization_signing_alg_values_supported": list(SIGNED_WITH),
        "request_parameter_supported": True,
        "request_uri_parameter_supported": False,
        "request_object_signing_alg_values_supported": list(ALGORITHMS),
        "dpop_signing_alg_values_supported": list(ALGORITHMS),
        "grant_management_endpoint": f"{issuer}{GRANTS}",
        "grant_management_actions_supported": [*ACTIONS, "query", "revoke"],
        "grant_management_action_required": False,
        **_authentication(settings),
    }


def _authentication(settings: Settings) -> dict[str, Any]:
    """Return how clients authenticate: by certificate too, where a proxy is trusted to tell of them (RFC 8705)."""
    methods = list(METHODS if settings.trusted_proxies else METHODS[:1])
    found: dict[str, Any] = {f"{each}_endpoint_auth_methods_supported": methods for each in AUTHENTICATED}
    found |= {f"{each}_endpoint_auth_signing_alg_values_supported": list(ALGORITHMS) for each in AUTHENTICATED}
    if settings.trusted_proxies:
        found["tls_client_certificate_bound_access_tokens"] = True
    if settings.mtls_url:
        own = {name: path for name, path in ENDPOINTS.items() if name != "authorization_endpoint"}
        found["mtls_endpoint_aliases"] = {name: settings.mtls_url + path for name, path in own.items()}
    return found


def scopes() -> list[str]:
    """Return every scope that a client may have."""
    return [SCOPE, EVENTS, PROOFS, *(f"ingest:{name}" for name in names()), *PROVIDER_SCOPES, *GRANT_SCOPES]


def protected_resource(settings: Settings) -> dict[str, Any]:
    """Return the protected resource's metadata (RFC 9728 section 2)."""
    return {
        "resource": settings.issuer,
        "authorization_servers": [settings.issuer],
        "scopes_supported": scopes(),
        "bearer_methods_supported": ["header"],
        "dpop_signing_alg_values_supported": list(ALGORITHMS),
        "dpop_bound_access_tokens_required": not settings.trusted_proxies,
        "tls_client_certificate_bound_access_tokens": bool(settings.trusted_proxies),
        "authorization_details_types_supported": ["trade_data"],
    }


def jwks(keyring: Keyring, now: datetime) -> dict[str, Any]:
    """Return the public keys that sign access tokens and responses (RFC 7517), those to come included."""
    found = keyring.oauth.published(now)
    return {"keys": [{**key.public, "kid": key.kid, "use": "sig", "alg": SIGNED_WITH[0]} for key in found]}
