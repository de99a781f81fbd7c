"""The token endpoint's server: it decides by what was read for it, and says what is to be used up. No I/O."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from gateway.consent.tables import Consent
from gateway.keys import Keyring
from gateway.oauth.assertions import Assertion
from gateway.oauth.clients import Client
from gateway.oauth.server import Server
from gateway.oauth.tables import Code, RefreshToken
from gateway.settings import Settings

Agreed = tuple[Consent, dict[str, Any]]
"""A consent that was given, and its terms."""


@dataclass(slots=True)
class Found:
    """What was read for one request, as a `Register` of the one client that it says it is by.

    `assertion` is what that client's authentication uses up.
    """

    registered: Client | None = None
    jwks: dict[str, Any] = field(default_factory=dict)
    code: Code | None = None
    refresh_token: RefreshToken | None = None
    agreed: Agreed | None = None
    assertion: Assertion | None = None

    def client(self, client_id: str) -> Client | None:
        """Return the client if it is the one that was read."""
        return self.registered if self.registered and self.registered.client_id == client_id else None

    def keys(self, client: Client, kid: object) -> dict[str, Any]:  # noqa: ARG002 - they were read for both
        """Return the client's keys."""
        return self.jwks

    def use(self, assertion: Assertion) -> None:
        """Have an assertion used up once all is decided."""
        self.assertion = assertion


class TokenServer(Server):
    """One token request's authorization server.

    `redeemed` is the code that is to be used up, with the refresh token that is stored as it is; `replayed` the family
    of tokens that ends because its code came again.
    """

    def __init__(self, settings: Settings, keyring: Keyring, now: datetime) -> None:
        self.found = Found()
        super().__init__(self.found, settings, keyring, now)
        self.redeemed: tuple[Code, RefreshToken] | None = None
        self.replayed: str | None = None
