"""The last of the disk is for revocations: a file gives its space back when nothing else is left.

Until there is room again, nothing else is taken in, and nothing is given out, for each release stores a receipt.
"""

import os
import shutil
import threading
from contextlib import suppress
from pathlib import Path
from typing import Self

import structlog
from fastapi import Request

from gateway.errors import NotYetError

LEAST_FREE_BYTES = 33_554_432
"""The ballast is spent when less is free: two segments of PostgreSQL's log, without which it cannot even stop well."""
LOOK_SECONDS = 0.25
RETRY_AFTER = {"Retry-After": "30"}
GOES_ON = frozenset(
    {
        "/portal/sign-in",
        "/portal/consents/{consent_id}/stop",
        "/portal/consents/{consent_id}/pause",
        "/portal/requests/{request_id}/refuse",
        "/portal/approvals/{consent_id}/refuse",
        "/oauth/revoke",
    }
)
"""What is taken in with the last of the disk, besides what is only looked at: whatever stops a consent or a token."""
_log = structlog.get_logger(__name__)


class Ballast:
    """A file of `size` bytes in `folder`, watched from the beginning to the end of a `with` statement.

    `spent` once less than `LEAST_FREE_BYTES` were free and the file was removed; put back when there is room for it
    and twice that much beside it.
    """

    def __init__(self, folder: Path, size: int) -> None:
        self._path, self._size = folder / "ballast", size
        self.spent = False
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ballast")

    def __enter__(self) -> Self:
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.spent = not self._path.exists()
        self.look()
        if self.spent:
            _log.error("the disk is full and only revocations are taken in")
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()
        self._path.unlink(missing_ok=True)

    def look(self) -> None:
        """Spend the file, or put it back, if it is time to."""
        free = shutil.disk_usage(self._path.parent).free
        if not self.spent and free < LEAST_FREE_BYTES:
            self._path.unlink(missing_ok=True)
            self.spent = True
            _log.error("the disk is full and only revocations are taken in")
        elif self.spent and free >= self._size + 2 * LEAST_FREE_BYTES:
            self._put_back()

    def warning(self) -> str | None:
        """Return what somebody should look at, in a sentence, if anything."""
        if not self.spent:
            return None
        return "the disk is full and only revocations are taken in: make room in the file system of the data folder"

    def _put_back(self) -> None:
        with suppress(OSError), self._path.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, self._size)
            self.spent = False
            _log.warning("there is room on the disk")

    def _run(self) -> None:
        while not self._stopping.wait(LOOK_SECONDS):
            self.look()


async def room(request: Request) -> None:
    """Refuse what would fill the rest of the disk. Raises `NotYetError`.

    Every request goes through it once it is known what it is for; `app.state.ballast` is None with a database server.
    """
    ballast: Ballast | None = request.app.state.ballast
    if ballast is None or not ballast.spent or request.method in ("GET", "HEAD"):
        return
    if getattr(request.scope.get("route"), "path", "") not in GOES_ON:
        raise NotYetError("the gateway has no disk space left: ask again later", headers=RETRY_AFTER)
