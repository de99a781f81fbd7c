"""HTTP as `tidegate serve` reads it: uvicorn's httptools protocol, within bounds of size, number and time.

httptools bounds none of them, and uvicorn has a limit only for a connection that is idle between two requests. What
passes a bound is answered in plain text, as uvicorn answers what is no HTTP, and the connection closed.
"""

import resource
from asyncio import TimerHandle, Transport
from functools import cache
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

MOST_HEAD_BYTES = 131_072
"""Request line and headers together. The largest is an access token for 200 identifiers, some 50,000 bytes."""
MOST_HEADERS = 100
HEAD_SECONDS = 10.0
"""From a connection, or the first byte after an answer, to the end of the request's headers."""
BODY_SECONDS = 60.0
"""From there to the end of the request's body."""
MOST_CONNECTIONS = 4096
SPARE_FILES = 256
"""Open files that are not connections: the database's, the log, what Python loads."""


@cache
def most_connections() -> int:
    """Return how many connections are held at once: fewer where the system allows few open files.

    The system's soft limit is raised as far as it allows.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_CONNECTIONS + SPARE_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return MOST_CONNECTIONS if soft == resource.RLIM_INFINITY else min(MOST_CONNECTIONS, soft - SPARE_FILES)


class _PassedError(Exception):
    """A bound is passed: raised within the parser, to stop it."""


class BoundedProtocol(HttpToolsProtocol):
    """One connection."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - uvicorn's
        super().__init__(*args, **kwargs)
        self._head = 0
        self._in_head = True
        self._came_on = False
        self._unread = 0
        self._refused = False
        self._deadline: TimerHandle | None = None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override] # as uvicorn has it
        """Begin, unless there are too many: then the connection is cut off before it costs anything."""
        super().connection_made(transport)
        if len(self.connections) > most_connections():
            transport.abort()
        else:
            self._until(HEAD_SECONDS)

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self._until(None)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read what came, unless a bound was passed before."""
        if self._refused or self.transport.is_closing():
            return
        if self._deadline is None and (self.cycle is None or self.cycle.response_complete):
            self._until(HEAD_SECONDS)
        self._came_on = False
        super().data_received(data)
        self._unread = 0 if self._came_on else self._unread + len(data)
        if self._unread > MOST_HEAD_BYTES and not self._refused:  # a header or trailer that does not end
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)

    def on_message_begin(self) -> None:
        """Begin a request."""
        self._head, self._in_head = 0, True
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """Take a piece of the request's target."""
        self._count(url)
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header."""
        self._count(name + value)
        if len(self.headers) >= MOST_HEADERS:
            raise _PassedError
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Go on to the body."""
        self._in_head, self._came_on = False, True
        self._until(BODY_SECONDS)
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body."""
        self._came_on = True
        super().on_body(body)

    def on_message_complete(self) -> None:
        """End a request: what comes next is the answer, and the gateway's to bring."""
        self._came_on = True
        self._until(None)
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP, or too much of it."""
        self._until(None)
        if self._head > MOST_HEAD_BYTES or len(self.headers or ()) >= MOST_HEADERS:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
            return
        self._refused = True
        super().send_400_response(msg)

    def _count(self, part: bytes) -> None:
        self._head += len(part)
        if self._head > MOST_HEAD_BYTES:
            raise _PassedError

    def _until(self, seconds: float | None) -> None:
        """Let what comes next take so long; None: as long as it takes."""
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = None if seconds is None else self.loop.call_later(seconds, self._late)

    def _late(self) -> None:
        """Answer a request that is not there in time, unless its answer has begun."""
        self._deadline = None
        if self.transport.is_closing():
            return
        if self._in_head:
            self._refuse(HTTPStatus.REQUEST_TIMEOUT)
        else:
            self.transport.close()

    def _refuse(self, status: HTTPStatus) -> None:
        self._refused = True
        self._until(None)
        said = status.phrase.encode("ascii")
        head = b"content-type: text/plain; charset=utf-8\r\ncontent-length: %d\r\nconnection: close\r\n\r\n" % len(said)
        self.transport.write(STATUS_LINE[status] + head + said)
        self.transport.close()
