"""Fetch a page from a standard's API: the one place where connectors meet the network.

Only the base URL that the operator gave is ever called: a page's links become query parameters, redirects are not
followed, and what is too large or too slow is given up.
"""

import ssl
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Protocol
from urllib.parse import urlsplit

import httpx2

from connectors.base import Page, Request
from connectors.errors import TerminalError, TransientError

MOST_BYTES = 10_485_760
TIMEOUT_SECONDS = 30.0
"""Longest wait for a connection, and for the next bytes of an answer."""
LONGEST_SECONDS = 120.0
"""Longest time that the body of an answer may take, however steadily it comes."""
OVERLOADED = frozenset({408, 425, 429})
LONGEST_PAUSE = 86_400.0
"""Longest Retry-After that is honoured, in seconds."""
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class Fetch(Protocol):
    """Fetches a page."""

    def __call__(self, base_url: str, request: Request, *, headers: Mapping[str, str]) -> Page:
        """Raises `TransientError`, `TerminalError`."""


def check_base_url(url: str) -> None:
    """Raise `ValueError` unless `url` is https, or http on this machine, and has neither query nor credentials."""
    parts = urlsplit(url)
    if not parts.hostname or parts.query or parts.fragment or parts.username or parts.password:
        raise ValueError(f"{url!r}: expected a base URL such as https://api.carrier.example, without query or password")
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
        raise ValueError(f"{url!r}: expected https (http only on this machine)")


def fetch(base_url: str, request: Request, *, headers: Mapping[str, str]) -> Page:
    """Fetch a page; `headers` are the operator's own, such as Authorization, and never appear in an error.

    Raises `TransientError` if trying again later may help, else `TerminalError`.
    """
    url = base_url.rstrip("/") + request.path
    name = urlsplit(url).netloc + urlsplit(url).path
    on_this_machine = urlsplit(url).hostname in LOOPBACK
    sent = {"Accept": "application/json", "Accept-Encoding": "identity", **request.headers, **headers}
    try:
        with (
            httpx2.Client(
                verify=_trust(), timeout=TIMEOUT_SECONDS, follow_redirects=False, trust_env=not on_this_machine
            ) as client,
            client.stream("GET", url, params=list(request.query), headers=sent) as response,
        ):
            _check_status(response, name)
            body = _body(response, name)
            return Page(body, datetime.now(UTC), {key.lower(): value for key, value in response.headers.items()})
    except (httpx2.HTTPError, ssl.SSLError, OSError) as error:
        raise TransientError(f"{name}: {type(error).__name__}") from error


@lru_cache(maxsize=1)
def _trust() -> ssl.SSLContext:
    """Return the certificate authorities of the system, or those that SSL_CERT_FILE names, which takes a while."""
    return httpx2.create_ssl_context()


def _check_status(response: httpx2.Response, name: str) -> None:
    status = response.status_code
    if status == 200:  # noqa: PLR2004 - RFC 9110 section 15.3.1
        return
    if status >= 500 or status in OVERLOADED:  # noqa: PLR2004 - RFC 9110 section 15.6
        raise TransientError(f"{name}: answered {status}", seconds=_pause(response.headers.get("retry-after", "")))
    raise TerminalError(f"{name}: answered {status}, expected 200")


def _pause(text: str) -> float | None:
    """Return the seconds of a Retry-After (RFC 9110 section 10.2.3); its other form, a date, is not honoured."""
    return min(float(text), LONGEST_PAUSE) if text.isascii() and text.isdigit() else None


def _body(response: httpx2.Response, name: str) -> bytes:
    """Return the body as it came: what is compressed stays so, and is no JSON then."""
    body, ends = bytearray(), time.monotonic() + LONGEST_SECONDS
    for part in response.iter_raw():
        body += part
        if time.monotonic() > ends:
            raise TransientError(f"{name}: took more than {LONGEST_SECONDS:g} seconds to answer")
        if len(body) > MOST_BYTES:
            raise TerminalError(f"{name}: answered more than {MOST_BYTES} bytes; ask for fewer events a page")
    return bytes(body)
