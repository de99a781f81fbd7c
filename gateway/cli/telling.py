"""The worker's third thread: it tells banks what happened, while anchoring goes on."""

import threading
from typing import Self

from gateway.clock import utc_now
from gateway.db import connect
from gateway.keys import Keyring
from gateway.notify.worker import Teller
from gateway.settings import Settings

CONNECTIONS = 8
"""To the database: apart from those of anchoring, which slow receivers must not hold up."""


class Telling:
    """Tells in a thread of its own, from the beginning to the end of a `with` statement."""

    def __init__(self, database_url: str, keyring: Keyring, settings: Settings) -> None:
        self._teller = Teller(connect(database_url, pool=CONNECTIONS), keyring, settings, utc_now)
        self._thread = threading.Thread(target=self._teller.run, name="telling", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Let the thread end by itself: what is not stored as delivered is sent again next time."""
        self._teller.stop()
