"""Revocation (RFC 7009) and introspection (RFC 7662): what a client may ask about its own tokens.

A resource server that is not the gateway may ask about the access tokens that are for it, whoever holds them.
"""

from typing import Any

from sqlmodel import Session

from gateway.oauth import store
from gateway.oauth.clients import Client
from gateway.oauth.errors import InvalidGrantError, InvalidRequestError
from gateway.oauth.grants import agreed, living
from gateway.oauth.receiving import FormRequest
from gateway.oauth.server import Server
from gateway.oauth.tables import RefreshToken
from gateway.oauth.tokens import Token, TokenError, read
from ledger.codec import sha256

INACTIVE: dict[str, Any] = {"active": False}
SHOWN = ("iss", "aud", "sub", "client_id", "iat", "exp", "jti", "scope", "cnf", "authorization_details", "grant_id")


def revoke(session: Session, server: Server, request: FormRequest) -> dict[str, Any]:
    """Revoke one of the client's tokens; a refresh token takes all of its family along. An unknown one is fine."""
    client = server.authenticate(request, "revocation")
    given = _token(request)
    if refresh := _refresh_token(session, client, given):
        store.revoke_family(session, refresh.family, now=server.now)
    elif (access := _access_token(server, client, given)) and access.client_id == client.client_id:
        store.revoke(session, access.jti, expires_at=access.expires_at)
    return {}


def introspect(session: Session, server: Server, request: FormRequest) -> dict[str, Any]:
    """Say whether a token is active and what it says, if it is the client's own or for this resource server."""
    client = server.authenticate(request, "introspection")
    given = _token(request)
    if refresh := _refresh_token(session, client, given):
        return _describe_refresh_token(session, server, refresh)
    access = _access_token(server, client, given)
    if access is None or store.is_revoked(session, access) or not _consented(session, server, access.grant_id):
        return INACTIVE
    return {
        "active": True,
        "token_type": "Bearer" if access.x5t else "DPoP",
        **{name: access.claims[name] for name in SHOWN if name in access.claims},
    }


def _describe_refresh_token(session: Session, server: Server, token: RefreshToken) -> dict[str, Any]:
    if token.revoked_at is not None or not _consented(session, server, token.consent_id):
        return INACTIVE
    return {
        "active": True,
        "iss": server.settings.issuer,
        "client_id": token.client_id,
        "scope": token.scope,
        "iat": int(token.created_at.timestamp()),
        "grant_id": token.consent_id,
    }


def _consented(session: Session, server: Server, grant_id: str | None) -> bool:
    if grant_id is None:
        return True
    try:
        living(agreed(session, grant_id), server.now)
    except InvalidGrantError:
        return False
    return True


def _token(request: FormRequest) -> str:
    given = request.form.get("token")
    if not given:
        raise InvalidRequestError("token is missing")
    return given


def _refresh_token(session: Session, client: Client, given: str) -> RefreshToken | None:
    found = session.get(RefreshToken, sha256(given.encode()))
    return found if found and found.client_id == client.client_id else None


def _access_token(server: Server, client: Client, given: str) -> Token | None:
    """Return an access token that is the client's own, or for the client as a resource server."""
    try:
        token = read(given, keys=server.keyring.oauth, issuer=server.settings.issuer, now=server.now)
    except TokenError:
        return None
    is_for_it = token.audience == client.metadata.resource
    return token if token.client_id == client.client_id or is_for_it else None
