"""Requests to addresses that others name (a client's keys, a webhook): https alone, and never into the inside.

The name is resolved once, every address of it must be public, and the connection goes to an address that was checked,
so no second answer of the name server counts. TLS is with the name. Redirects are not followed, no proxy is used, and
both size and time have an end.
"""

import re
import ssl
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from socket import IPPROTO_TCP, SOCK_STREAM, gaierror, getaddrinfo
from typing import Any
from urllib.parse import SplitResult, urlsplit

import httpcore2
import httpx2

from gateway.settings import Networks

SECONDS = 5.0
REQUEST_BEGINS = "http11.send_request_headers.started"
"""How httpcore calls the moment at which the connection stands, and nothing of the request is sent."""
MOST_BYTES = 262_144
PLAIN = re.compile(r"[!-~]{1,2000}")
"""Printable ASCII without spaces: nothing that two parsers read differently."""
UNICAST = IPv6Network("2000::/3")
"""All that is public in IPv6 (RFC 4291 section 2.4): mapped IPv4, NAT64, link-local and unique local lie outside."""
SIX_TO_FOUR = IPv6Network("2002::/16")


class OutboundError(Exception):
    """The URL may not be called, did not answer in time, or answered too much; the message is for an operator."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered: status and body. A redirect is an answer like any other."""

    status: int
    body: bytes


def request(
    method: str,
    url: str,
    *,
    allow: Networks = (),
    headers: Mapping[str, str] | None = None,
    content: bytes = b"",
    most_bytes: int = MOST_BYTES,
    seconds: float = SECONDS,
    before: Callable[[], None] | None = None,
) -> Answer:
    """Send a request and return the answer. `allow`: networks that are called though they are not public.

    With `most_bytes` 0 the body is not read: the status is the answer. `before` is called once the connection stands,
    before anything is sent; what it raises ends the request. Raises `OutboundError`.
    """
    parts = check_url(url)
    deadline = time.monotonic() + seconds
    timeout = dict.fromkeys(("connect", "read", "write", "pool"), seconds)

    def trace(moment: str, _: object) -> None:
        if before is not None and moment == REQUEST_BEGINS:
            before()

    extensions = {"timeout": timeout, "trace": trace}
    try:
        with httpcore2.ConnectionPool(ssl_context=_trust(), network_backend=_Guarded(allow, deadline)) as pool:
            sent: dict[bytes | str, bytes | str] = {"Host": parts.netloc, "Accept-Encoding": "identity"}
            sent.update(headers or {})
            with pool.stream(method, url, headers=sent, content=content, extensions=extensions) as response:
                return Answer(response.status, _body(response.iter_stream(), most_bytes) if most_bytes else b"")
    except (
        httpcore2.ConnectError,
        httpcore2.NetworkError,
        httpcore2.TimeoutException,
        httpcore2.ProtocolError,
    ) as error:
        raise OutboundError(f"{parts.hostname}: {type(error).__name__}") from error
    except (ssl.SSLError, ValueError, OSError) as error:
        raise OutboundError(f"{parts.hostname}: {type(error).__name__}") from error


def check_url(url: str) -> SplitResult:
    """Return the parts of a URL that may be called as far as can be said before its host is looked up.

    Raises `OutboundError`.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise OutboundError("expected an https URL without credentials") from None
    credentials = parts.username or parts.password
    if parts.scheme != "https" or not parts.hostname or credentials or port == 0 or not PLAIN.fullmatch(url):
        raise OutboundError("expected an https URL without credentials")
    return parts


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Say whether an address is one of the open internet."""
    if isinstance(address, IPv6Address):
        return address in UNICAST and address not in SIX_TO_FOUR and address.is_global
    return address.is_global and not address.is_multicast and not address.is_reserved


def addresses(host: str, port: int, allow: Networks) -> list[str]:
    """Return the addresses of a host, all of them public or allowed. Raises `OutboundError`."""
    try:
        found = dict.fromkeys(
            str(entry[4][0]) for entry in getaddrinfo(host, port, type=SOCK_STREAM, proto=IPPROTO_TCP)
        )
    except (gaierror, UnicodeError):
        raise OutboundError(f"{host}: no such host") from None
    for each in map(ip_address, found):
        if not is_public(each) and not any(each in network for network in allow):
            raise OutboundError(f"{host}: is at an internal address")
    return list(found)


def _body(parts: Iterable[bytes], most: int) -> bytes:
    body = bytearray()
    for part in parts:
        body += part
        if len(body) > most:
            raise OutboundError(f"the answer is larger than {most} bytes")
    return bytes(body)


@lru_cache(maxsize=1)
def _trust() -> ssl.SSLContext:
    """Return the certificate authorities of the system, or those that SSL_CERT_FILE names."""
    return httpx2.create_ssl_context()


class _Guarded(httpcore2.NetworkBackend):
    """Connects to checked addresses alone, and gives up at the deadline however slowly the other side drips."""

    def __init__(self, allow: Networks, deadline: float) -> None:
        self._allow, self._deadline = allow, deadline
        self._plain = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002 - the deadline counts
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        failure: Exception = httpcore2.ConnectError("no address")
        for address in addresses(host, port, self._allow):
            try:
                stream = self._plain.connect_tcp(address, port, _left(self._deadline), local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
            else:
                return _Timed(stream, self._deadline)
        raise failure


class _Timed(httpcore2.NetworkStream):
    """A connection whose every step ends at the deadline."""

    def __init__(self, stream: httpcore2.NetworkStream, deadline: float) -> None:
        self._stream, self._deadline = stream, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002 - the deadline counts
        return self._stream.read(max_bytes, _left(self._deadline))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002 - the deadline counts
        self._stream.write(buffer, _left(self._deadline))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002 - the deadline counts
    ) -> httpcore2.NetworkStream:
        return _Timed(self._stream.start_tls(ssl_context, server_hostname, _left(self._deadline)), self._deadline)

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401 - as inherited
        return self._stream.get_extra_info(info)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise httpcore2.ReadTimeout("the deadline has passed")
    return left
