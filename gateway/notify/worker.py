"""The worker's third task: make events of what happened, and send them to webhooks. One process at a time does."""

import threading
from collections import deque

import psycopg
import structlog
from sqlalchemy import Engine

from gateway.clock import Clock
from gateway.journal import HAPPENINGS
from gateway.keys import Keyring
from gateway.notify import numbering
from gateway.notify.sending import Sender
from gateway.settings import Settings

TURN = 0x7365_6E64
"""The advisory lock of who tells ("send"), held as long as its connection lasts."""
IDLE_SECONDS = 1.0
"""How long to sleep at most without being woken: by then a lane may be free again."""
SHORTEST_SECONDS = 0.05
"""How long to sleep at least while something is due and all lanes are taken."""
RETRY_SECONDS = 1.0
_log = structlog.get_logger(__name__)


class Teller:
    """Tells banks, until stopped."""

    def __init__(self, engine: Engine, keyring: Keyring, settings: Settings, clock: Clock) -> None:
        self._engine, self._clock = engine, clock
        self._sender = Sender(engine, keyring, settings, clock)
        self._stopping = threading.Event()

    def run(self) -> None:
        """Tell until `stop`. What fails is logged and tried again: everything is stored as far as it got."""
        while not self._stopping.is_set():
            try:
                self._run()
            except Exception:  # noqa: BLE001 - whatever it was, the next time may do better
                _log.exception("telling banks failed and is tried again", seconds=RETRY_SECONDS)
                self._stopping.wait(RETRY_SECONDS)

    def stop(self) -> None:
        """Let `run` return. What is on its way is sent again if its outcome is not stored in time."""
        self._stopping.set()
        self._sender.stop()

    def _run(self) -> None:
        url = self._engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(url, autocommit=True) as connection:
            while not self._stopping.is_set() and not self._is_ours(connection):
                self._stopping.wait(RETRY_SECONDS)
            connection.execute(f"LISTEN {HAPPENINGS}")
            while not self._stopping.is_set():
                while numbering.step(self._engine, self._clock()):
                    pass
                self._sender.begin()
                deque(connection.notifies(timeout=self._pause(), stop_after=1), maxlen=0)

    def _is_ours(self, connection: psycopg.Connection) -> bool:
        row = connection.execute("SELECT pg_try_advisory_lock(%s)", (TURN,)).fetchone()
        return row is not None and row[0]

    def _pause(self) -> float:
        due = self._sender.pause()
        return IDLE_SECONDS if due is None else min(IDLE_SECONDS, max(SHORTEST_SECONDS, due))
