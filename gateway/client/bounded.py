"""Answers read within bounds, as they come: no decompression, no more than can be used, whatever they claim."""

import time
from collections.abc import Callable

import httpx2

from gateway.client.dialogue import Sent
from gateway.client.errors import ProtocolError, UnreachableError

TIMEOUT_SECONDS = 30.0
"""Longest wait for a connection, and for the next bytes of an answer."""
STREAM_SECONDS = 40.0
"""How long a stream may be silent: the gateway says every fifteen seconds that it is still there."""
MOST_BYTES = 67_108_864
"""Largest answer that is read: the largest evidence that can be verified."""
LONGEST_SECONDS = 300.0
"""Longest time that the body of an answer may take, however steadily it comes."""
ATTEMPTS, RETRY_SECONDS = 3, 0.1
"""How often a request is tried that nobody answered, and how long is waited first: the pause doubles."""


class Body:
    """The body of an answer, part by part. Raises `ProtocolError` for one that is compressed, too large or too slow."""

    def __init__(self, response: httpx2.Response, clock: Callable[[], float] = time.monotonic) -> None:
        if (coding := response.headers.get("Content-Encoding", "identity").lower()) != "identity":
            raise ProtocolError(f"{response.url} answered in content coding {coding[:50]!r}, expected identity")
        self._response, self._clock = response, clock
        self._read, self._ends = bytearray(), clock() + LONGEST_SECONDS

    def add(self, part: bytes) -> None:
        """Take a part; nothing is decoded: the coding is identity."""
        self._read += part
        if len(self._read) > MOST_BYTES:
            raise ProtocolError(f"{self._response.url} answered more than {MOST_BYTES} bytes")
        if self._clock() > self._ends:
            raise ProtocolError(f"{self._response.url} took more than {LONGEST_SECONDS:g} seconds to answer")

    def whole(self) -> httpx2.Response:
        """Return the answer with its body."""
        given = self._response
        headers = [each for each in given.headers.multi_items() if each[0] != "content-encoding"]
        return httpx2.Response(given.status_code, headers=headers, content=bytes(self._read), request=given.request)


def arguments(sent: Sent) -> dict[str, object]:
    """Return what an HTTP client is given to send a request."""
    headers = {**sent.headers, "Accept-Encoding": "identity"}
    return {"headers": headers, "content": sent.content, "data": sent.data, "params": sent.params}


def unreachable(sent: Sent, error: Exception) -> UnreachableError:
    """Return the error that a broken exchange is."""
    return UnreachableError(f"{sent.url}: {error or type(error).__name__}; is the gateway running there?")
