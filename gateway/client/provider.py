"""A provider: pushes messages as its standard defines them, and asks to be linked to its customers."""

from collections.abc import Mapping
from typing import Any

from gateway.client.connection import Connection
from gateway.client.dialogue import Dialogue, Flow, as_object
from gateway.client.errors import ProtocolError

Answer = Mapping[str, Any]
NOBODY: Mapping[str, str] = {}


class ProviderFlows:
    """What a provider says, as conversations; `Provider` and `AsyncProvider` carry them out."""

    def __init__(self, dialogue: Dialogue) -> None:
        self._dialogue = dialogue

    def push(
        self, connector: str, message: bytes, content_type: str, owner: str | None, parties: Mapping[str, str]
    ) -> Flow[Answer]:
        """Push one message, as `Provider.push` says."""
        token = yield from self._dialogue.own_token(f"ingest:{connector}")
        named: dict[str, str | list[str]] = {"owner": owner} if owner else {}
        if parties:
            named["party"] = [f"{role}:{participant}" for role, participant in parties.items()]
        response = yield from self._dialogue.call(
            "POST",
            f"/ingest/{connector}",
            token=token,
            content=message,
            headers={"Content-Type": content_type},
            params=named or None,
        )
        return as_object(response)

    def ask_link(self, owner: str) -> Flow[None]:
        """Ask for a link, as `Provider.ask_link` says."""
        token = yield from self._dialogue.own_token("links")
        yield from self._dialogue.call("PUT", f"/links/{owner}", token=token)

    def links(self) -> Flow[list[Answer]]:
        """Return the links, as `Provider.links` says."""
        token = yield from self._dialogue.own_token("links")
        answer = as_object((yield from self._dialogue.call("GET", "/links", token=token)))
        if not isinstance(answer.get("links"), list):
            raise ProtocolError("the gateway answered without a list of links")
        return list(answer["links"])


class Provider:
    """What a provider does, over one connection. Fetches and renews its access tokens by itself."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._flows = ProviderFlows(connection.dialogue)

    def push(
        self,
        connector: str,
        message: bytes,
        *,
        content_type: str,
        owner: str | None = None,
        parties: Mapping[str, str] = NOBODY,
    ) -> Answer:
        """Push one message; `owner` is the participant it belongs to. Returns the record ids and their states.

        `parties`: by role of the documents, other participants whose consent is needed for what concerns them.

        Raises `ProblemError` with every fault of a message that cannot be mapped.
        """
        return self.connection.run(self._flows.push(connector, message, content_type, owner, parties))

    def ask_link(self, owner: str) -> None:
        """Ask an owner to confirm that it is a customer; no data flows before it has. Raises `ProblemError`."""
        self.connection.run(self._flows.ask_link(owner))

    def links(self) -> list[Answer]:
        """Return the links that were asked for: `owner`, `requested_at`, `confirmed_at`."""
        return self.connection.run(self._flows.links())
