"""PostgreSQL by asyncpg, for what is asked most, evidence and tokens: without a thread, in few round trips."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

MOST = 16
"""Connections of a process."""
FAULTS = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)
"""What asyncpg raises while the database is away or going; the third: the connection was lost between two calls."""


@asynccontextmanager
async def opened(database_url: str) -> AsyncIterator[asyncpg.Pool]:
    """Yield connections to PostgreSQL at `database_url`; each statement is its own transaction unless one is begun."""
    settings = {"plan_cache_mode": "force_generic_plan", "timezone": "UTC"}
    async with asyncpg.create_pool(
        database_url, min_size=1, max_size=MOST, server_settings=settings, reset=_nothing
    ) as pool:
        yield pool


async def _nothing(_connection: asyncpg.Connection) -> None:
    """Reset nothing when a connection comes back: nothing here changes a session, and it would be one more round."""
