"""The three grants of the token endpoint, decided by what was read. Proof and nonce were checked before. No I/O."""

import secrets
from datetime import datetime
from typing import Any

from authlib.oauth2.rfc6749.grants import (
    AuthorizationCodeGrant,
    ClientCredentialsGrant,
    RefreshTokenGrant,
)
from authlib.oauth2.rfc7636 import CodeChallenge, create_s256_code_challenge
from sqlmodel import Session

from gateway.consent.rules import LIVING, told
from gateway.consent.store import granted
from gateway.consent.store import standing as standing_of
from gateway.consent.tables import Consent
from gateway.oauth.checks import LONGEST_DETAILS, resource_of
from gateway.oauth.clients import AUTHENTICATION, Client
from gateway.oauth.errors import InvalidDetailsError, InvalidGrantError, InvalidScopeError, InvalidTargetError, plain
from gateway.oauth.tables import Code, RefreshToken
from gateway.oauth.token_server import Agreed, TokenServer
from ledger.codec import b64u, sha256
from schemas.strict_json import StrictJsonError, parse

TOKEN_BYTES = 32
REPLAYED_CODE = "the code was used before; the tokens it gave are revoked"
Answer = tuple[int, dict[str, Any], list[tuple[str, str]]]


class S256(CodeChallenge):
    """PKCE with S256, always (RFC 7636; FAPI 2.0 section 5.3.2.2)."""

    CODE_CHALLENGE_METHODS = {"S256": lambda verifier, challenge: create_s256_code_challenge(verifier) == challenge}  # noqa: RUF012 - Authlib's own form

    def validate_code_verifier(self, grant: AuthorizationCodeGrant, result: object) -> None:
        """Raise `InvalidGrantError` unless the verifier is there, and is that of the code (RFC 7636 section 4.6)."""
        if "code_verifier" not in grant.request.form:
            raise InvalidGrantError("code_verifier is missing")
        super().validate_code_verifier(grant, result)

    def get_authorization_code_challenge_method(self, authorization_code: Code) -> str:  # noqa: ARG002 - Authlib's arguments
        """Return S256."""
        return "S256"


def agreed(session: Session, consent_id: str) -> Agreed | None:
    """Return a consent and its terms; None if it was not given."""
    consent = session.get(Consent, consent_id)
    version = granted(session, consent) if consent else None
    return (consent, version.terms) if consent and version else None


def living(found: Agreed | None, now: datetime) -> Agreed:
    """Return a consent that is in force or paused, and its terms. Raises `InvalidGrantError` saying why it is not."""
    if found is None:
        raise InvalidGrantError("the consent was not granted")
    state = standing_of(found[0], now=now).state
    if state not in LIVING:
        raise InvalidGrantError(f"the consent is {told(state)}")
    return found


def same_resource(form: dict[str, str], resource: str) -> None:
    """Raise `InvalidTargetError` if a token is asked for another resource than was granted (RFC 8707 section 2.2)."""
    if form.get("resource", resource) != resource:
        raise InvalidTargetError("resource must be the one of the authorization request, or left out")


def same_details(form: dict[str, str], terms: dict[str, Any]) -> None:
    """Raise `InvalidDetailsError` if a token is asked for other details than were granted (RFC 9396 section 6.1).

    A token has all that the owner granted; a pull narrows, by its question.
    """
    if "authorization_details" not in form:
        return
    try:
        asked = parse(form["authorization_details"].encode(), max_bytes=LONGEST_DETAILS)
    except StrictJsonError as error:
        raise InvalidDetailsError(plain(str(error))) from None
    if asked != [terms]:
        raise InvalidDetailsError("authorization_details must be those that were granted, or left out")


def consent_members(consent: Consent, terms: dict[str, Any]) -> dict[str, Any]:
    """Return what token and response say of a consent: the details as granted (RFC 9396 section 7), and its id."""
    return {"authorization_details": [terms], "grant_id": consent.id}


class CodeGrant(AuthorizationCodeGrant):
    """`authorization_code` (RFC 6749 section 4.1.3)."""

    TOKEN_ENDPOINT_AUTH_METHODS = [AUTHENTICATION]  # noqa: RUF012 - Authlib's own form
    server: TokenServer

    def query_authorization_code(self, code: str, client: Client) -> Code | None:  # noqa: ARG002 - it was read before
        """Return the code if it is this client's, has not ended, and is for the proof's key, if for any.

        One that was used before ends what it gave: somebody has it who should not (RFC 6749 section 4.1.2).
        """
        found = self.server.found.code
        if found is None or found.client_id != client.client_id:
            return None
        if found.used_at is not None:
            self.server.replayed = found.family
            raise InvalidGrantError(REPLAYED_CODE)
        if self.server.now >= found.expires_at:
            raise InvalidGrantError("the code has ended: it lives for a minute")
        if found.jkt and (self.server.proof is None or found.jkt != self.server.proof.jkt):
            raise InvalidGrantError("the code is bound to another DPoP key")
        return found

    def create_token_response(self) -> Answer:
        """Return the tokens, good once the code is used up."""
        server, code = self.server, self.request.authorization_code
        same_resource(self.request.form, code.resource or server.settings.issuer)
        consent, terms = living(server.found.agreed, server.now)
        same_details(self.request.form, terms)
        refresh = b64u(secrets.token_bytes(TOKEN_BYTES))
        issued = RefreshToken(
            token_hash=sha256(refresh.encode()),
            client_id=code.client_id,
            scope=code.scope,
            resource=code.resource,
            consent_id=consent.id,
            family=code.family,
            created_at=server.now,
        )
        server.redeemed = code, issued
        answer = server.access_token(
            client_id=code.client_id,
            subject=consent.owner_id,
            scope=code.scope,
            family=code.family,
            audience=code.resource,
            more=consent_members(consent, terms),
        )
        return 200, {**answer, "refresh_token": refresh}, self.TOKEN_RESPONSE_HEADER


class RefreshGrant(RefreshTokenGrant):
    """`refresh_token` (RFC 6749 section 6), without rotation (FAPI 2.0 section 5.3.2.1)."""

    TOKEN_ENDPOINT_AUTH_METHODS = [AUTHENTICATION]  # noqa: RUF012 - Authlib's own form
    server: TokenServer

    def _validate_request_token(self, client: Client) -> RefreshToken:
        found = self.server.found.refresh_token
        if found is None or found.client_id != client.client_id:
            raise InvalidGrantError("the refresh token is not one of this client's")
        if found.revoked_at is not None:
            raise InvalidGrantError("the refresh token is revoked")
        return found

    def create_token_response(self) -> Answer:
        """Return a new access token; the refresh token stays."""
        server, token = self.server, self.request.refresh_token
        same_resource(self.request.form, token.resource or server.settings.issuer)
        consent, terms = living(server.found.agreed, server.now)
        same_details(self.request.form, terms)
        answer = server.access_token(
            client_id=token.client_id,
            subject=consent.owner_id,
            scope=token.scope,
            family=token.family,
            audience=token.resource,
            more=consent_members(consent, terms),
        )
        return 200, answer, self.TOKEN_RESPONSE_HEADER


class OwnGrant(ClientCredentialsGrant):
    """`client_credentials` (RFC 6749 section 4.4): a client's own tokens, for the gateway alone."""

    TOKEN_ENDPOINT_AUTH_METHODS = [AUTHENTICATION]  # noqa: RUF012 - Authlib's own form
    server: TokenServer

    def create_token_response(self) -> Answer:
        """Return an access token of the scope asked for."""
        client: Client = self.request.client
        scope = client.get_allowed_scope(self.request.payload.scope)
        if scope is None:
            raise InvalidScopeError("scope must name what this client may do, such as ingest:<connector> or events")
        resource_of(self.request.form, [self.server.settings.issuer])
        family = b64u(secrets.token_bytes(TOKEN_BYTES))
        answer = self.server.access_token(
            client_id=client.client_id, subject=client.client_id, scope=scope, family=family
        )
        return 200, answer, self.TOKEN_RESPONSE_HEADER
