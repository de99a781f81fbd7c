"""Be told what happens: events by cursor and as a stream, and where webhooks are sent."""

import time
from collections.abc import Iterator, Mapping
from json import dumps
from typing import Any

import httpx2

from gateway.client.connection import Connection
from gateway.client.dialogue import Dialogue, Flow, as_object
from gateway.client.errors import ProtocolError, UnreachableError
from gateway.client.webhooks import Event

__all__ = ["SCOPE", "Event", "Events"]
SCOPE = "events"
STREAM = "/events/stream"
Answer = Mapping[str, Any]


class Patience:
    """How long to wait before a stream that broke is opened again: doubled while nobody answers."""

    SHORTEST, LONGEST = 0.5, 30.0

    def __init__(self) -> None:
        self.seconds, self._begun = self.SHORTEST, False

    def heard(self) -> None:
        """Note that the gateway answers."""
        self.seconds, self._begun = self.SHORTEST, True

    def broke(self, error: UnreachableError) -> None:
        """Note that nobody answered. Raises `error` if nobody ever did."""
        if not self._begun:
            raise error
        self.seconds = min(self.seconds * 2, self.LONGEST)


class EventsFlows:
    """What a bank asks about events, as conversations; `Events` and `AsyncEvents` carry them out."""

    def __init__(self, dialogue: Dialogue) -> None:
        self._dialogue = dialogue

    def after(self, number: int) -> Flow[tuple[list[Event], int, bool]]:
        """Return a page of events after a number, the number to go on from, and whether there are more by now."""
        page = yield from self._call("GET", "/events", params={"after": str(number)})
        return list(map(Event.of, _listed(page, "events"))), _number(page, "next"), page.get("more") is True

    def put_webhook(self, name: str, url: str) -> Flow[str | None]:
        """Put a webhook, as `Events.put_webhook` says."""
        secret = (yield from self._call("PUT", f"/webhooks/{name}", content={"url": url})).get("secret")
        return None if secret is None else str(secret)

    def webhooks(self) -> Flow[list[Answer]]:
        """Return the webhooks, as `Events.webhooks` says."""
        return _listed((yield from self._call("GET", "/webhooks")), "webhooks")

    def delete_webhook(self, name: str) -> Flow[None]:
        """Delete a webhook, as `Events.delete_webhook` says."""
        token = yield from self._dialogue.own_token(SCOPE)
        yield from self._dialogue.call("DELETE", f"/webhooks/{name}", token=token)

    def rotate_secret(self, name: str) -> Flow[str]:
        """Make a new secret, as `Events.rotate_secret` says."""
        return str((yield from self._call("POST", f"/webhooks/{name}/secret")).get("secret"))

    def replay(self, name: str, after: int, until: int | None) -> Flow[int]:
        """Replay events, as `Events.replay` says."""
        wanted = {"after": after, **({} if until is None else {"until": until})}
        return _number((yield from self._call("POST", f"/webhooks/{name}/replay", content=wanted)), "queued")

    def deliveries(self, name: str, after: int) -> Flow[tuple[list[Answer], int | None]]:
        """Return a page of deliveries after an event's number, and the number to go on from if there may be more."""
        page = yield from self._call("GET", f"/webhooks/{name}/deliveries", params={"after": str(after)})
        return _listed(page, "deliveries"), None if page.get("next") is None else _number(page, "next")

    def _call(
        self, method: str, path: str, *, content: object = None, params: Mapping[str, str] | None = None
    ) -> Flow[Answer]:
        token = yield from self._dialogue.own_token(SCOPE)
        body = None if content is None else dumps(content).encode()
        headers = {} if body is None else {"Content-Type": "application/json"}
        response = yield from self._dialogue.call(
            method, path, token=token, content=body, headers=headers, params=params
        )
        return as_object(response)


class Events:
    """What a bank is told, over one connection, by a token of its own."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._flows = EventsFlows(connection.dialogue)

    def after(self, number: int) -> Iterator[Event]:
        """Yield the events after a number, as far as there are any now; 0 is the beginning."""
        more = True
        while more:
            page, number, more = self.connection.run(self._flows.after(number))
            yield from page

    def stream(self, after: int) -> Iterator[Event]:
        """Yield the events after a number, and those that happen from now on, for ever.

        A stream that ends, as with every token, or breaks is opened again where it was. Raises `ProblemError`,
        `OAuthError`; `UnreachableError` only if nobody answers at the beginning.
        """
        patience = Patience()
        while True:
            try:
                for event in self._streamed(after):
                    after = event.number
                    patience.heard()
                    yield event
                patience.heard()
            except UnreachableError as error:
                patience.broke(error)
            time.sleep(patience.seconds)

    def _streamed(self, after: int) -> Iterator[Event]:
        token = self.connection.own_token(SCOPE)
        with self.connection.stream(STREAM, token=token, headers=from_event(after)) as response:
            for told in httpx2.EventSource(response):
                if told.data:
                    yield Event.read(told.data.encode())

    def put_webhook(self, name: str, url: str) -> str | None:
        """Have events sent to a URL from now on; return the webhook's secret if it is new. Raises `ProblemError`."""
        return self.connection.run(self._flows.put_webhook(name, url))

    def webhooks(self) -> list[Answer]:
        """Return the webhooks: `name`, `url`, `created_at`, `gone_at`."""
        return self.connection.run(self._flows.webhooks())

    def delete_webhook(self, name: str) -> None:
        """Have nothing more sent to a webhook. Raises `ProblemError`."""
        self.connection.run(self._flows.delete_webhook(name))

    def rotate_secret(self, name: str) -> str:
        """Return a new secret; the one before signs too for a day. Raises `ProblemError`."""
        return self.connection.run(self._flows.rotate_secret(name))

    def replay(self, name: str, *, after: int = 0, until: int | None = None) -> int:
        """Have events sent to a webhook once more; return how many. Raises `ProblemError`."""
        return self.connection.run(self._flows.replay(name, after, until))

    def deliveries(self, name: str, *, after: int = 0) -> Iterator[Answer]:
        """Yield what became of each event sent to a webhook: `number`, `state`, `next_at`, `attempts`."""
        number: int | None = after
        while number is not None:
            page, number = self.connection.run(self._flows.deliveries(name, number))
            yield from page


def from_event(number: int) -> dict[str, str]:
    """Return the headers that open a stream after an event."""
    return {"Accept": "text/event-stream", "Last-Event-ID": str(number)}


def _listed(page: Answer, name: str) -> list[Any]:
    found = page.get(name)
    if not isinstance(found, list):
        raise ProtocolError(f"the gateway answered without a list of {name}")
    return found


def _number(page: Answer, name: str) -> int:
    found = page.get(name)
    if not isinstance(found, int):
        raise ProtocolError(f"the gateway answered without a number as {name}")
    return found
