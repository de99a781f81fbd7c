"""Authlib's authorization server for one request, and the tokens that it gives."""

import json
import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from authlib.oauth2.rfc6749 import AuthorizationServer
from starlette.responses import Response

from gateway import figures
from gateway.keys import Keyring
from gateway.oauth import tokens
from gateway.oauth.clients import AUTHENTICATION, Client, Register, authenticator
from gateway.oauth.dpop import Proof, nonce
from gateway.oauth.errors import InvalidClientError, InvalidProofError, OAuth2Error, ReusedKeyError, plain
from gateway.oauth.mtls import Certificate
from gateway.oauth.receiving import FormRequest
from gateway.settings import Settings
from ledger.codec import b64u

NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}
ID_BYTES = 16


class Server(AuthorizationServer):
    """One request's authorization server. `proof` is the DPoP proof that came with it, verified and used."""

    def __init__(self, clients: Register, settings: Settings, keyring: Keyring, now: datetime) -> None:
        super().__init__()
        self.clients, self.settings, self.keyring, self.now = clients, settings, keyring, now
        self.proof: Proof | None = None
        self.certificate: Certificate | None = None
        self.register_client_auth_method(AUTHENTICATION, authenticator(clients, settings.issuer, now))

    def query_client(self, client_id: str) -> Client | None:
        """Return the participant of that id as a client."""
        return self.clients.client(client_id)

    def authenticate(self, request: FormRequest, endpoint: str) -> Client:
        """Return the authenticated client. Raises `InvalidClientError`."""
        client = super().authenticate_client(request, [AUTHENTICATION], endpoint)
        assert isinstance(client, Client)  # noqa: S101 - made by query_client
        return client

    def authenticate_client(self, request: FormRequest, methods: object, endpoint: str = "token") -> Client:  # noqa: ARG002 - Authlib's arguments
        """Return the client that asks for tokens, and see to what they will be bound before anything is used up.

        That is the proof's key, or without a proof the certificate, for a client that registered so (RFC 8705 section
        3.4). Raises `InvalidClientError`, `InvalidProofError`.
        """
        client = self.authenticate(request, endpoint)
        if self.proof is None:
            if not client.metadata.tls_client_certificate_bound_access_tokens:
                raise InvalidProofError("the DPoP header is missing")
            self.certificate = request.certificate
        return client

    def create_oauth2_request(self, request: FormRequest) -> FormRequest:
        """Return the request as it is: it was made for Authlib."""
        return request

    def save_token(self, token: object, request: object) -> None:
        """Do nothing: access tokens are not stored, refresh tokens are where they are made."""

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        """Do nothing: nobody listens."""

    def handle_response(self, status: int, body: object, headers: object) -> object:  # noqa: ARG002 - Authlib's arguments
        """Return the body: the endpoint makes the response of it."""
        return body

    def handle_error_response(self, request: object, error: OAuth2Error) -> OAuth2Error:  # noqa: ARG002 - Authlib's arguments
        """Return the error: the endpoint answers it."""
        return error

    def answer(self, status: int, body: object) -> Response:
        """Return a JSON response, never to be cached; with a fresh nonce for the next proof (RFC 9449 section 8.2)."""
        sent = {**NO_STORE, "DPoP-Nonce": nonce(self.keyring.nonce, self.now)}
        return Response(json.dumps(body), status, headers=sent, media_type="application/json")

    def refuse(self, error: OAuth2Error) -> Response:
        """Return an error in OAuth's form; authentication failures are 401 (RFC 6749 section 5.2)."""
        figures.refusals.labels(error.error).inc()
        status = {InvalidClientError: 401, ReusedKeyError: 422}.get(type(error), 400)
        body = {"error": error.error}
        if error.description:
            body["error_description"] = plain(error.description)
        return self.answer(status, body)

    def access_token(
        self,
        *,
        client_id: str,
        subject: str,
        scope: str,
        family: str,
        audience: str | None = None,
        more: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Return a token response with a new access token, bound to the proof's key or the certificate.

        `audience`: the resource that it is for, by default the gateway.
        """
        seconds = self.settings.access_token_seconds
        issued = int(self.now.timestamp())
        token_type, confirmation = self._binding()
        claims = {
            "iss": self.settings.issuer,
            "aud": audience or self.settings.issuer,
            "sub": subject,
            "client_id": client_id,
            "iat": issued,
            "exp": issued + seconds,
            "jti": b64u(secrets.token_bytes(ID_BYTES)),
            "family": family,
            "scope": scope,
            "cnf": confirmation,
            **(more or {}),
        }
        token = tokens.sign(claims, self.keyring.oauth)
        return {"access_token": token, "token_type": token_type, "expires_in": seconds, "scope": scope, **(more or {})}

    def _binding(self) -> tuple[str, dict[str, str]]:
        if self.proof is not None:
            return "DPoP", {"jkt": self.proof.jkt}
        assert self.certificate is not None  # noqa: S101 - authenticate_client gives no client without either
        return "Bearer", {"x5t#S256": self.certificate.x5t}
