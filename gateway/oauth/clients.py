"""A participant as Authlib sees a client, and its authentication by signed assertion or certificate."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any, Protocol

from authlib.oauth2.rfc6749 import ClientMixin
from sqlmodel import Session

from connectors.registry import names
from gateway.directory.clients import BY_ASSERTION, BY_CERTIFICATE, BY_OWN_CERTIFICATE, ClientMetadata
from gateway.directory.tables import Participant
from gateway.oauth import assertions, client_keys, mtls, store
from gateway.oauth.assertions import Assertion
from gateway.oauth.checks import PROOFS
from gateway.oauth.errors import InvalidClientError
from gateway.oauth.mtls import Certificate, CertificateError
from gateway.oauth.receiving import FormRequest
from gateway.settings import Settings
from gateway.tracing import authenticated

AUTHENTICATION = "registered"
"""Authlib's name for the one way in: by the method that the client registered."""
METHODS = (BY_ASSERTION, BY_CERTIFICATE, BY_OWN_CERTIFICATE)
GRANT_TYPES = {
    "bank": ("authorization_code", "refresh_token", "client_credentials"),
    "provider": ("client_credentials",),
}
PROVIDER_SCOPES = ("links", "assignments", "records")
GRANT_SCOPES = ("grant_management_query", "grant_management_revoke")
"""Grant Management section 6."""
EVENTS = "events"
"""The scope by which a bank is told what happens."""


def scopes(participant: Participant) -> frozenset[str]:
    """Return the scopes that a participant may have by its own credentials alone."""
    provider = {*(f"ingest:{name}" for name in names()), *PROVIDER_SCOPES} if "provider" in participant.roles else set()
    return frozenset(provider | ({EVENTS, PROOFS, *GRANT_SCOPES} if "bank" in participant.roles else set()))


class Client(ClientMixin):
    """A registered participant; the method names are Authlib's."""

    def __init__(self, participant: Participant) -> None:
        self.participant = participant
        self.client_id = participant.id

    @cached_property
    def metadata(self) -> ClientMetadata:
        """What it registered as an OAuth client."""
        return self.participant.client

    def get_client_id(self) -> str:
        """Return the participant's id."""
        return self.client_id

    def get_allowed_scope(self, scope: str | None) -> str | None:
        """Return the scope asked for if the client may have all of it by its own credentials."""
        asked = set((scope or "").split())
        return " ".join(sorted(asked)) if asked and asked <= scopes(self.participant) else None

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        """Say whether a redirect URI is registered, character by character."""
        return redirect_uri in self.participant.redirect_uris

    def check_endpoint_auth_method(self, method: str, _endpoint: str) -> bool:
        """Say yes: `authenticator` has judged by the method that the client registered."""
        return method == AUTHENTICATION

    def check_response_type(self, response_type: str) -> bool:
        """Say whether the client may use a response type."""
        return response_type == "code" and "bank" in self.participant.roles

    def check_grant_type(self, grant_type: str) -> bool:
        """Say whether the client's roles let it use a grant type."""
        return any(grant_type in GRANT_TYPES.get(role, ()) for role in self.participant.roles)


class Register(Protocol):
    """Where an authorization server finds its clients, and has their assertions used up."""

    def client(self, client_id: str) -> Client | None:
        """Return the participant of that id as a client."""

    def keys(self, client: Client, kid: object) -> dict[str, Any]:
        """Return a client's keys, with that of `kid` among them if it can be had."""

    def use(self, assertion: Assertion) -> None:
        """Have an assertion used up. Raises `InvalidClientError` if it is known that it was before."""


class Stored:
    """Clients as the database has them, in a session's transaction."""

    def __init__(self, session: Session, settings: Settings, now: datetime) -> None:
        self._session, self._settings, self._now = session, settings, now

    def client(self, client_id: str) -> Client | None:
        """Return the participant of that id as a client."""
        participant = self._session.get(Participant, client_id)
        return Client(participant) if participant else None

    def keys(self, client: Client, kid: object) -> dict[str, Any]:
        """Return a client's keys; they are fetched if need be."""
        allow = self._settings.outbound_allow
        return client_keys.jwks(self._session, client.participant, kid=kid, now=self._now, allow=allow)

    def use(self, assertion: Assertion) -> None:
        """Use an assertion up. Raises `InvalidClientError` if it was before."""
        store.use_assertion(self._session, assertion)


Query = Callable[[str], Client | None]


def authenticator(register: Register, issuer: str, now: datetime) -> Callable[[Query, FormRequest], Client]:
    """Return how Authlib authenticates a client: by signed assertion (RFC 7523) or by certificate (RFC 8705)."""

    def by_assertion(query: Query, request: FormRequest) -> Client:
        claimed = request.claimed
        client = _registered(query, claimed.client_id, request.form, METHODS[:1])
        jwks = register.keys(client, claimed.kid)
        register.use(assertions.verify(claimed, jwks=jwks, issuer=issuer, now=now))
        return client

    def by_certificate(query: Query, form: Mapping[str, str], certificate: Certificate) -> Client:
        client = _registered(query, form["client_id"], form, METHODS[1:])
        try:
            mtls.verify(certificate, client.metadata, register.keys(client, None), now)
        except CertificateError as error:
            raise InvalidClientError(str(error)) from None
        return client

    def authenticate(query: Query, request: FormRequest) -> Client:
        form = request.form
        try:
            if request.is_asserted:
                client = by_assertion(query, request)
            elif request.certificate and "client_id" in form and "client_assertion" not in form:
                client = by_certificate(query, form, request.certificate)
            else:
                raise InvalidClientError("client_assertion with client_assertion_type jwt-bearer is missing")
        except InvalidClientError as error:
            error.status_code = 401
            raise
        authenticated(client.client_id)
        return client

    return authenticate


def _registered(query: Query, client_id: str, form: Mapping[str, str], methods: Sequence[str]) -> Client:
    """Return the client of that id if it is registered, and for one of these methods. Raises `InvalidClientError`."""
    client = query(client_id)
    if client is None or form.get("client_id", client_id) != client_id:
        raise InvalidClientError("the client is not registered, or client_id is another")
    if client.metadata.token_endpoint_auth_method not in methods:
        raise InvalidClientError("the client is registered for another method of authentication")
    return client
