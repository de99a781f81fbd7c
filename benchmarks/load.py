"""Load that is cheap and real: prepared requests over keep-alive connections, one at a time on each.

Requests are signed before the clock starts, so that the generator's own core does little but send and receive. Whatever
is not answered 200 ends the measurement: an error is no fast answer.
"""

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast
from urllib.parse import urlsplit

import uvloop

CONNECTIONS = 16
OK = 200
SHOWN = 400


@dataclass(frozen=True, slots=True)
class Run:
    """What a load met: answers a second, the latency (seconds) of each, and how large the last body was (bytes)."""

    rate: float
    latencies: Sequence[float]
    size: int


class LoadError(Exception):
    """A server answered something else than 200, or went away."""


def post(url: str, headers: dict[str, str], body: bytes) -> bytes:
    """Return an HTTP/1.1 request as it goes over the wire."""
    parts = urlsplit(url)
    lines = {"Host": parts.netloc, **headers, "Content-Length": str(len(body))}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"POST {parts.path} HTTP/1.1\r\n{head}\r\n".encode("ascii") + body


def run(url: str, requests: Sequence[bytes], *, connections: int = CONNECTIONS) -> Run:
    """Send all requests to the server of `url` and wait for their answers. Raises `LoadError`."""
    parts = urlsplit(url)
    if parts.hostname is None or parts.port is None:
        raise LoadError(f"{url}: expected host and port")
    return uvloop.run(_run(parts.hostname, parts.port, deque(requests), connections))


async def _run(host: str, port: int, requests: deque[bytes], connections: int) -> Run:
    loop, latencies = asyncio.get_running_loop(), list[float]()
    opened = [
        (await loop.create_connection(lambda: _Connection(requests, latencies), host, port))[1]
        for _ in range(connections)
    ]
    began = time.perf_counter()
    for each in opened:
        each.send()
    await asyncio.gather(*(each.done for each in opened))
    return Run(len(latencies) / (time.perf_counter() - began), latencies, opened[0].size)


class _Connection(asyncio.Protocol):
    """Takes the next request whenever the answer to the last one is complete."""

    def __init__(self, requests: deque[bytes], latencies: list[float]) -> None:
        self._requests, self._latencies = requests, latencies
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.size = 0
        self._head, self._missing, self._sent = b"", 0, 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's own are none by class

    def send(self) -> None:
        """Send the next request, or finish."""
        if not self._requests:
            self._transport.close()
            if not self.done.done():
                self.done.set_result(None)
            return
        self._sent = time.perf_counter()
        self._transport.write(self._requests.popleft())

    def data_received(self, data: bytes) -> None:
        if self._missing:
            self._missing -= len(data)
        else:
            self._head += data
            end = self._head.find(b"\r\n\r\n")
            if end < 0:
                return
            self._begin(self._head[:end], len(self._head) - end - 4)
        if not self._missing:
            self._latencies.append(time.perf_counter() - self._sent)
            self._head = b""
            self.send()

    def _begin(self, head: bytes, there: int) -> None:
        status = int(head[9:12])
        if status != OK:
            self._fail(f"answered {status}: {self._head[:SHOWN].decode(errors='replace')}")
            return
        place = head.lower().index(b"content-length:") + len(b"content-length:")
        self.size = int(head[place:].partition(b"\r")[0])
        self._missing = self.size - there

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self._fail(f"the connection ended: {exc}")

    def _fail(self, why: str) -> None:
        self._requests.clear()
        if not self.done.done():
            self.done.set_exception(LoadError(why))
        self._transport.close()
