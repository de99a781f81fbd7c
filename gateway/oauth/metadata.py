"""What the server says of itself (RFC 8414, RFC 9728): what is announced works, what does not work is not announced."""

from typing import Any

from connectors.registry import names
from gateway.keys import Keyring
from gateway.oauth.checks import PROOFS, SCOPE
from gateway.oauth.clients import METHOD, PROVIDER_SCOPES
from gateway.oauth.compact import ALGORITHMS
from gateway.settings import Settings


def authorization_server(settings: Settings) -> dict[str, Any]:
    """Return the authorization server's metadata (RFC 8414 section 2)."""
    issuer = settings.issuer
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/oauth/authorize",
        "pushed_authorization_request_endpoint": f"{issuer}/oauth/par",
        "require_pushed_authorization_requests": True,
        "token_endpoint": f"{issuer}/oauth/token",
        "revocation_endpoint": f"{issuer}/oauth/revoke",
        "introspection_endpoint": f"{issuer}/oauth/introspect",
        "jwks_uri": f"{issuer}/oauth/jwks",
        "scopes_supported": [SCOPE, PROOFS, *(f"ingest:{name}" for name in names()), *PROVIDER_SCOPES],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
        "code_challenge_methods_supported": ["S256"],
        "authorization_details_types_supported": ["trade_data"],
        "authorization_response_iss_parameter_supported": True,
        "dpop_signing_alg_values_supported": list(ALGORITHMS),
        **{
            f"{endpoint}_endpoint_auth_{name}_supported": values
            for endpoint in ("token", "revocation", "introspection")
            for name, values in (
                ("methods", [METHOD]),
                ("signing_alg_values", list(ALGORITHMS)),
            )
        },
    }


def protected_resource(settings: Settings) -> dict[str, Any]:
    """Return the protected resource's metadata (RFC 9728 section 2)."""
    return {
        "resource": settings.issuer,
        "authorization_servers": [settings.issuer],
        "scopes_supported": [SCOPE, PROOFS, *(f"ingest:{name}" for name in names()), *PROVIDER_SCOPES],
        "bearer_methods_supported": ["header"],
        "dpop_signing_alg_values_supported": list(ALGORITHMS),
        "dpop_bound_access_tokens_required": True,
        "authorization_details_types_supported": ["trade_data"],
    }


def jwks(keyring: Keyring) -> dict[str, Any]:
    """Return the public keys that sign access tokens (RFC 7517)."""
    key = keyring.oauth
    return {"keys": [{**key.public, "kid": key.kid, "use": "sig", "alg": "ES256"}]}
