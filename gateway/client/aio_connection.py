"""A connection that does not block: the same conversations as `Connection` has.

One conversation goes on at a time over one connection; tasks that share one wait for each other.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Self

import httpx2
import stamina

from gateway.client import bounded
from gateway.client.bounded import ATTEMPTS, RETRY_SECONDS, Body, arguments, unreachable
from gateway.client.connection import on_loopback
from gateway.client.dialogue import Dialogue, Exchange, Flow, Pause, Returned, Sent, may_repeat
from gateway.client.dpop import ProofKey
from gateway.client.errors import raise_for
from gateway.client.identity import Identity


class AsyncConnection:
    """As `Connection`, in an event loop."""

    def __init__(
        self,
        issuer: str,
        identity: Identity,
        *,
        proof_key: ProofKey | None = None,
        http: httpx2.AsyncClient | None = None,
    ) -> None:
        self.dialogue = Dialogue(issuer, identity, proof_key or ProofKey())
        self._http = http or httpx2.AsyncClient(timeout=bounded.TIMEOUT_SECONDS, trust_env=not on_loopback(issuer))
        self._turn = asyncio.Lock()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def run(self, flow: Flow[Returned]) -> Returned:
        """Carry out a conversation, as `Connection.run` does."""
        answer: httpx2.Response | None = None
        async with self._turn:
            while True:
                try:
                    step = flow.send(answer)
                except StopIteration as end:
                    result: Returned = end.value
                    return result
                if isinstance(step, Pause):
                    await asyncio.sleep(step.seconds)
                    answer = None
                else:
                    answer = await self._patiently(step)

    @asynccontextmanager
    async def stream(self, path: str, *, token: str, headers: Mapping[str, str]) -> AsyncIterator[httpx2.Response]:
        """Open an answer that has no end yet, as `Connection.stream` does."""
        for last in (False, True):
            sent = self.dialogue.signed("GET", path, token=token, headers=headers)
            streaming = self._http.stream("GET", sent.url, headers=dict(sent.headers), timeout=bounded.STREAM_SECONDS)
            try:
                async with streaming as response:
                    self.dialogue.hear(response)
                    if not response.is_success:
                        refused = await _whole(response)
                        if not last and self.dialogue.wants_nonce(refused):
                            continue
                        raise_for(refused)
                    yield response
                    return
            except httpx2.TransportError as error:
                raise unreachable(sent, error) from error

    async def _patiently(self, exchange: Exchange) -> httpx2.Response:
        repeatable = partial(may_repeat, repeatable=exchange.repeatable)
        attempts = stamina.retry_context(repeatable, attempts=ATTEMPTS, wait_initial=RETRY_SECONDS, wait_jitter=0)
        async for each in attempts:
            with each:
                return await self._send(exchange.make())
        raise AssertionError("an attempt returns or raises")

    async def _send(self, sent: Sent) -> httpx2.Response:
        given: dict[str, Any] = arguments(sent)
        try:
            async with self._http.stream(sent.method, sent.url, **given) as response:
                return await _whole(response)
        except (httpx2.TransportError, httpx2.InvalidURL) as error:
            raise unreachable(sent, error) from error


async def _whole(response: httpx2.Response) -> httpx2.Response:
    body = Body(response)
    async for part in response.aiter_bytes():
        body.add(part)
    return body.whole()
