"""The client without blocking: the same conversations as `Bank`, `Provider` and `Events` have."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx2

from gateway.client.aio_connection import AsyncConnection
from gateway.client.attesting import Deleted, Pulled, RetainedUnder
from gateway.client.bank import BankFlows, ConsentRequest, Evidence
from gateway.client.dialogue import Tokens
from gateway.client.errors import UnreachableError
from gateway.client.events import SCOPE, STREAM, EventsFlows, Patience, from_event
from gateway.client.provider import NOBODY, Answer, ProviderFlows
from gateway.client.verifying import Trusting
from gateway.client.webhooks import Event

__all__ = ["AsyncBank", "AsyncConnection", "AsyncEvents", "AsyncProvider"]


class AsyncBank:
    """As `Bank`."""

    def __init__(self, connection: AsyncConnection, *, trusting: Trusting | None = None) -> None:
        self.connection = connection
        self._flows = BankFlows(connection.dialogue, trusting)

    async def request(
        self,
        details: Mapping[str, Any],
        *,
        redirect_uri: str,
        consent: str | None = None,
        replaces: str | None = None,
    ) -> ConsentRequest:
        """Push a request for consent, as `Bank.request` does."""
        return await self.connection.run(self._flows.request(details, redirect_uri, consent, replaces))

    async def exchange(self, request: ConsentRequest, redirected_to: str) -> Tokens:
        """Return the tokens for a code, as `Bank.exchange` does."""
        return await self.connection.run(self._flows.exchange(request, redirected_to))

    async def refresh(self, refresh_token: str) -> Tokens:
        """Return a new access token, as `Bank.refresh` does."""
        return await self.connection.run(self._flows.refresh(refresh_token))

    async def evidence(
        self, tokens: Tokens, question: Mapping[str, Any] | None = None, *, patience: float = 0.0
    ) -> Evidence:
        """Pull one page of evidence, as `Bank.evidence` does."""
        return await self.connection.run(self._flows.evidence(tokens, question, patience))

    async def history(self, consent_id: str) -> bytes:
        """Return every record of a consent of this bank, as `Bank.history` does."""
        return await self.connection.run(self._flows.history(consent_id))

    async def receipts(self, consent_id: str) -> bytes:
        """Return a receipt of each thing that happened to a consent, as `Bank.receipts` does."""
        return await self.connection.run(self._flows.receipts(consent_id))

    async def attest(self, pulled: Pulled, became: Deleted | RetainedUnder) -> Mapping[str, Any]:
        """Tell the gateway what became of what was pulled, as `Bank.attest` does."""
        return await self.connection.run(self._flows.attest(pulled, became))

    async def attestations(self, consent_id: str) -> bytes:
        """Return what was attested of a consent, as `Bank.attestations` does."""
        return await self.connection.run(self._flows.attestations(consent_id))

    async def proof(self, consent_id: str, *, patience: float = 0.0) -> bytes:
        """Return a state proof of how a consent stands, as `Bank.proof` does."""
        return await self.connection.run(self._flows.proof(consent_id, patience))

    async def pages(
        self, tokens: Tokens, question: Mapping[str, Any] | None = None, *, patience: float = 0.0
    ) -> AsyncIterator[Evidence]:
        """Pull page after page, as `Bank.pages` does."""
        page = await self.evidence(tokens, question, patience=patience)
        yield page
        while page.cursor:
            page = await self.evidence(tokens, {**(question or {}), "cursor": page.cursor}, patience=patience)
            yield page


class AsyncProvider:
    """As `Provider`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self.connection = connection
        self._flows = ProviderFlows(connection.dialogue)

    async def push(
        self,
        connector: str,
        message: bytes,
        *,
        content_type: str,
        owner: str | None = None,
        parties: Mapping[str, str] = NOBODY,
    ) -> Answer:
        """Push one message, as `Provider.push` does."""
        return await self.connection.run(self._flows.push(connector, message, content_type, owner, parties))

    async def ask_link(self, owner: str) -> None:
        """Ask an owner to confirm that it is a customer, as `Provider.ask_link` does."""
        await self.connection.run(self._flows.ask_link(owner))

    async def links(self) -> list[Answer]:
        """Return the links that were asked for, as `Provider.links` does."""
        return await self.connection.run(self._flows.links())


class AsyncEvents:
    """As `Events`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self.connection = connection
        self._flows = EventsFlows(connection.dialogue)

    async def after(self, number: int) -> AsyncIterator[Event]:
        """Yield the events after a number, as `Events.after` does."""
        more = True
        while more:
            page, number, more = await self.connection.run(self._flows.after(number))
            for each in page:
                yield each

    async def stream(self, after: int) -> AsyncIterator[Event]:
        """Yield the events after a number, and those that happen from now on, as `Events.stream` does."""
        patience = Patience()
        while True:
            try:
                async for event in self._streamed(after):
                    after = event.number
                    patience.heard()
                    yield event
                patience.heard()
            except UnreachableError as error:
                patience.broke(error)
            await asyncio.sleep(patience.seconds)

    async def _streamed(self, after: int) -> AsyncIterator[Event]:
        token = await self.connection.run(self.connection.dialogue.own_token(SCOPE))
        async with self.connection.stream(STREAM, token=token, headers=from_event(after)) as response:
            async for told in httpx2.EventSource(response):
                if told.data:
                    yield Event.read(told.data.encode())

    async def put_webhook(self, name: str, url: str) -> str | None:
        """Have events sent to a URL from now on, as `Events.put_webhook` does."""
        return await self.connection.run(self._flows.put_webhook(name, url))

    async def webhooks(self) -> list[Answer]:
        """Return the webhooks, as `Events.webhooks` does."""
        return await self.connection.run(self._flows.webhooks())

    async def delete_webhook(self, name: str) -> None:
        """Have nothing more sent to a webhook, as `Events.delete_webhook` does."""
        await self.connection.run(self._flows.delete_webhook(name))

    async def rotate_secret(self, name: str) -> str:
        """Return a new secret, as `Events.rotate_secret` does."""
        return await self.connection.run(self._flows.rotate_secret(name))

    async def replay(self, name: str, *, after: int = 0, until: int | None = None) -> int:
        """Have events sent to a webhook once more, as `Events.replay` does."""
        return await self.connection.run(self._flows.replay(name, after, until))

    async def deliveries(self, name: str, *, after: int = 0) -> AsyncIterator[Answer]:
        """Yield what became of each event sent to a webhook, as `Events.deliveries` does."""
        number: int | None = after
        while number is not None:
            page, number = await self.connection.run(self._flows.deliveries(name, number))
            for each in page:
                yield each
