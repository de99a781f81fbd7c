"""Streams of events (Server-Sent Events, WHATWG HTML section 9.2): woken by the database, ended with their right.

One hub a process: it listens for events of any bank, and twice a second asks whether the tokens of the streams that
are open were revoked.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import asyncpg
import structlog
from fastapi import FastAPI
from fastapi.sse import format_sse_event

from gateway import figures
from gateway.clock import Clock
from gateway.errors import TooOftenError
from gateway.notify import reading
from gateway.notify.numbering import CHANNEL
from gateway.oauth.tokens import Token

POOL = 8
WATCH_SECONDS = 0.5
"""How often the right of every open stream is asked for: well within the second in which it must end."""
HEARTBEAT = timedelta(seconds=15)
MOST = 20
"""Streams of one bank in one process."""
RECONNECT_MILLISECONDS = 1000
REVOKED = "SELECT id FROM revokedtoken WHERE id = ANY($1)"
_log = structlog.get_logger(__name__)


@dataclass(eq=False, slots=True)
class Stream:
    """An open stream: whose, by which token, and whether there is something to read or it must end."""

    token: Token
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    ended: bool = False

    def end(self) -> None:
        """Let the stream end before it sends anything more."""
        self.ended = True
        self.wake.set()


class Hub:
    """The open streams of this process. `leaving` says whether the process is about to end."""

    def __init__(self, pool: asyncpg.Pool, clock: Clock, leaving: Callable[[], bool]) -> None:
        self._pool, self._clock, self._leaving = pool, clock, leaving
        self._streams: set[Stream] = set()

    def open(self, token: Token, *, after: int) -> AsyncIterator[bytes]:
        """Return a stream of the events after a number. Raises `TooOftenError` if the bank has too many open."""
        if sum(each.token.client_id == token.client_id for each in self._streams) >= MOST:
            raise TooOftenError(f"{MOST} streams are open already", headers={"Retry-After": "5"})
        stream = Stream(token)
        self._streams.add(stream)
        figures.streams.inc()
        return self._run(stream, after)

    async def _run(self, stream: Stream, after: int) -> AsyncIterator[bytes]:
        try:
            yield format_sse_event(retry=RECONNECT_MILLISECONDS)
            while not stream.ended:
                stream.wake.clear()
                page = await reading.read_async(self._pool, stream.token.client_id, after=after, now=self._clock())
                for told in page.events:
                    if stream.ended:
                        return
                    yield format_sse_event(data_str=told.body().decode(), event=told.type, id=str(told.number))
                after = page.next
                if not page.more and not await _woken(stream):
                    yield format_sse_event(comment="still here")
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
            _log.warning("a stream ended because the database does not answer")
        finally:
            self._streams.discard(stream)
            figures.streams.dec()

    def tell(self, bank_id: str) -> None:
        """Wake a bank's streams."""
        for each in self._streams:
            if each.token.client_id == bank_id:
                each.wake.set()

    async def watch(self) -> None:
        """End streams whose right has ended, for ever."""
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            try:
                await self._end_some(self._clock())
            except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
                self._end_all()  # nobody can say whether they may go on

    async def _end_some(self, now: datetime) -> None:
        if self._leaving():
            self._end_all()
        if not self._streams:
            return
        names = {name for each in self._streams for name in (each.token.jti, each.token.family)}
        revoked = {row["id"] for row in await self._pool.fetch(REVOKED, list(names))}
        for each in self._streams:
            if now >= each.token.expires_at or revoked & {each.token.jti, each.token.family}:
                each.end()

    def _end_all(self) -> None:
        for each in self._streams:
            each.end()

    async def listen(self, database_url: str) -> None:
        """Listen for events, for ever; connect again if the database was away, and have every stream look."""
        while True:
            with suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
                connection = await asyncpg.connect(database_url)
                try:
                    lost = asyncio.Event()
                    connection.add_termination_listener(lambda _, lost=lost: lost.set())
                    await connection.add_listener(CHANNEL, lambda *heard: self.tell(str(heard[-1])))
                    for each in self._streams:
                        each.wake.set()
                    await lost.wait()
                finally:
                    with suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
                        await connection.close(timeout=1)
            await asyncio.sleep(WATCH_SECONDS)


async def _woken(stream: Stream) -> bool:
    """Wait until there may be something to read; return False if nothing came for a heartbeat's time."""
    try:
        await asyncio.wait_for(stream.wake.wait(), HEARTBEAT.total_seconds())
    except TimeoutError:
        return False
    return True


@asynccontextmanager
async def opened_streams(app: FastAPI) -> AsyncIterator[None]:
    """Give the application its hub, for as long as it runs."""
    async with asyncpg.create_pool(app.state.database_url, min_size=0, max_size=POOL) as pool:
        hub = Hub(pool, app.state.clock, app.state.leaving)
        app.state.hub = hub
        tasks = [asyncio.create_task(hub.watch()), asyncio.create_task(hub.listen(app.state.database_url))]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
