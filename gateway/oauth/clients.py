"""A participant as Authlib sees a client, and its authentication by signed assertion."""

from collections.abc import Callable
from datetime import datetime

from authlib.oauth2.rfc6749 import ClientMixin, OAuth2Request
from sqlmodel import Session

from connectors.registry import names
from gateway.directory.tables import Participant
from gateway.oauth import assertions, store
from gateway.oauth.checks import PROOFS
from gateway.oauth.errors import InvalidClientError
from gateway.tracing import authenticated

METHOD = "private_key_jwt"
GRANT_TYPES = {
    "bank": ("authorization_code", "refresh_token", "client_credentials"),
    "provider": ("client_credentials",),
}
PROVIDER_SCOPES = ("links", "assignments", "records")


def scopes(participant: Participant) -> frozenset[str]:
    """Return the scopes that a participant may have by itself, without a consent."""
    provider = {*(f"ingest:{name}" for name in names()), *PROVIDER_SCOPES} if "provider" in participant.roles else set()
    return frozenset(provider | ({PROOFS} if "bank" in participant.roles else set()))


class Client(ClientMixin):
    """A registered participant; the method names are Authlib's."""

    def __init__(self, participant: Participant) -> None:
        self.participant = participant
        self.client_id = participant.id

    def get_client_id(self) -> str:
        """Return the participant's id."""
        return self.client_id

    def get_allowed_scope(self, scope: str | None) -> str | None:
        """Return the scope asked for if the client may have all of it by itself."""
        asked = set((scope or "").split())
        return " ".join(sorted(asked)) if asked and asked <= scopes(self.participant) else None

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        """Say whether a redirect URI is registered, character by character."""
        return redirect_uri in self.participant.redirect_uris

    def check_endpoint_auth_method(self, method: str, _endpoint: str) -> bool:
        """Say whether the client authenticates by `method`: by signed assertion alone."""
        return method == METHOD

    def check_response_type(self, response_type: str) -> bool:
        """Say whether the client may use a response type."""
        return response_type == "code" and "bank" in self.participant.roles

    def check_grant_type(self, grant_type: str) -> bool:
        """Say whether the client's roles let it use a grant type."""
        return any(grant_type in GRANT_TYPES.get(role, ()) for role in self.participant.roles)


Query = Callable[[str], Client | None]


def authenticator(session: Session, issuer: str, now: datetime) -> Callable[[Query, OAuth2Request], Client]:
    """Return the function by which Authlib authenticates a client (RFC 7523 section 3)."""

    def authenticate(query: Query, request: OAuth2Request) -> Client:
        form = request.form
        if form.get("client_assertion_type") != assertions.TYPE or "client_assertion" not in form:
            raise InvalidClientError(
                "client_assertion with client_assertion_type jwt-bearer is missing", status_code=401
            )
        try:
            client_id = assertions.claimed_client(form["client_assertion"])
            client = query(client_id)
            if client is None or form.get("client_id", client_id) != client_id:
                raise InvalidClientError("the client is not registered, or client_id is another")
            verified = assertions.verify(
                form["client_assertion"], jwks=client.participant.client_jwks, issuer=issuer, now=now
            )
        except InvalidClientError as error:
            error.status_code = 401
            raise
        store.use_assertion(session, verified)
        authenticated(client_id)
        return client

    return authenticate
