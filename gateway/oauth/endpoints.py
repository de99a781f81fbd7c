"""Revocation (RFC 7009) and introspection (RFC 7662): what a client may ask about its own tokens.

A resource server that is not the gateway may ask about the access tokens that are for it, whoever holds them.
"""

from typing import Any

from gateway.oauth import store
from gateway.oauth.clients import Client
from gateway.oauth.errors import InvalidGrantError, InvalidRequestError
from gateway.oauth.grants import living
from gateway.oauth.server import FormRequest, Server
from gateway.oauth.tables import RefreshToken
from gateway.oauth.tokens import Token, TokenError, read
from ledger.codec import sha256

INACTIVE: dict[str, Any] = {"active": False}
SHOWN = ("iss", "aud", "sub", "client_id", "iat", "exp", "jti", "scope", "cnf", "authorization_details", "grant_id")


def revoke(server: Server, request: FormRequest) -> dict[str, Any]:
    """Revoke one of the client's tokens; a refresh token takes all of its family along. An unknown one is fine."""
    client = server.authenticate(request, "revocation")
    given = _token(request)
    if refresh := _refresh_token(server, client, given):
        store.revoke_family(server.session, refresh.family, now=server.now)
    elif (access := _access_token(server, client, given)) and access.client_id == client.client_id:
        store.revoke(server.session, access.jti, expires_at=access.expires_at)
    return {}


def introspect(server: Server, request: FormRequest) -> dict[str, Any]:
    """Say whether a token is active and what it says, if it is the client's own or for this resource server."""
    client = server.authenticate(request, "introspection")
    given = _token(request)
    if refresh := _refresh_token(server, client, given):
        return _describe_refresh_token(server, refresh)
    access = _access_token(server, client, given)
    if access is None or store.is_revoked(server.session, access) or not _consented(server, access.grant_id):
        return INACTIVE
    return {
        "active": True,
        "token_type": "Bearer" if access.x5t else "DPoP",
        **{name: access.claims[name] for name in SHOWN if name in access.claims},
    }


def _describe_refresh_token(server: Server, token: RefreshToken) -> dict[str, Any]:
    if token.revoked_at is not None or not _consented(server, token.consent_id):
        return INACTIVE
    return {
        "active": True,
        "iss": server.settings.issuer,
        "client_id": token.client_id,
        "scope": token.scope,
        "iat": int(token.created_at.timestamp()),
        "grant_id": token.consent_id,
    }


def _consented(server: Server, grant_id: str | None) -> bool:
    if grant_id is None:
        return True
    try:
        living(server.session, grant_id, server)
    except InvalidGrantError:
        return False
    return True


def _token(request: FormRequest) -> str:
    given = request.form.get("token")
    if not given:
        raise InvalidRequestError("token is missing")
    return given


def _refresh_token(server: Server, client: Client, given: str) -> RefreshToken | None:
    found = server.session.get(RefreshToken, sha256(given.encode()))
    return found if found and found.client_id == client.client_id else None


def _access_token(server: Server, client: Client, given: str) -> Token | None:
    """Return an access token that is the client's own, or for the client as a resource server."""
    try:
        token = read(given, keys=server.keyring.oauth, issuer=server.settings.issuer, now=server.now)
    except TokenError:
        return None
    is_for_it = token.audience == client.participant.client.resource
    return token if token.client_id == client.client_id or is_for_it else None
