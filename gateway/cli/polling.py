"""The worker's second thread: it fetches from the sources that are due, while anchoring goes on."""

import threading
from typing import Self

import structlog
from sqlalchemy import Engine

from connectors.http import fetch
from gateway.clock import utc_now
from gateway.ingest.polling import Poller
from gateway.keys import Keyring
from gateway.settings import Settings

LOOK_SECONDS = 1.0
"""How often to look for sources that are due."""
_log = structlog.get_logger(__name__)


class Polling:
    """Polls in a thread of its own, from the beginning to the end of a `with` statement."""

    def __init__(self, engine: Engine, keyring: Keyring, settings: Settings) -> None:
        self._poller = Poller(engine, keyring, settings, fetch, utc_now)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="polling", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Let the thread end by itself: what it fetches at the moment is fetched again next time."""
        self._stopping.set()

    def _run(self) -> None:
        while not self._stopping.wait(LOOK_SECONDS):
            try:
                self._poller.poll_due()
            except Exception:  # noqa: BLE001 - whatever it was, the next look may do better
                _log.exception("polling failed and is tried again", seconds=LOOK_SECONDS)
