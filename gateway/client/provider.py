"""A provider: pushes messages as its standard defines them, and asks to be linked to its customers."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from gateway.client.connection import Connection, Tokens
from gateway.client.errors import ProtocolError, read_json


class Provider:
    """What a provider does, over one connection. Fetches and renews its access tokens by itself."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._tokens: dict[str, Tokens] = {}

    def push(self, connector: str, message: bytes, *, content_type: str, owner: str | None = None) -> Mapping[str, Any]:
        """Push one message; `owner` is the participant it belongs to. Returns the record ids and their states.

        Raises `ProblemError` with every fault of a message that cannot be mapped.
        """
        response = self.connection.call(
            "POST",
            f"/ingest/{connector}",
            token=self._token(f"ingest:{connector}"),
            content=message,
            headers={"Content-Type": content_type},
            params={"owner": owner} if owner else None,
        )
        answer = read_json(response)
        if not isinstance(answer, dict):
            raise ProtocolError("the gateway answered the push without a JSON object")
        return answer

    def ask_link(self, owner: str) -> None:
        """Ask an owner to confirm that it is a customer; no data flows before it has. Raises `ProblemError`."""
        self.connection.call("PUT", f"/links/{owner}", token=self._token("links"))

    def links(self) -> list[Mapping[str, Any]]:
        """Return the links that were asked for: `owner`, `requested_at`, `confirmed_at`."""
        answer = read_json(self.connection.call("GET", "/links", token=self._token("links")))
        if not isinstance(answer, dict) or not isinstance(answer.get("links"), list):
            raise ProtocolError("the gateway answered without a list of links")
        return list(answer["links"])

    def _token(self, scope: str) -> str:
        """Return an access token of a scope (client credentials): `ingest:<connector>`, `links`."""
        held = self._tokens.get(scope)
        if held is None or held.expired(datetime.now(UTC)):
            held = self._tokens[scope] = self.connection.tokens({"grant_type": "client_credentials", "scope": scope})
        return held.access_token
