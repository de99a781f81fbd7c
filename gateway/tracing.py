"""Which request is at work: an id that goes along into answers, log lines and the journal, and who proved to call.

An id is a UUID (RFC 9562): one that comes in `X-Request-Id` is kept if it is written as one, so that nothing else can
travel in it; otherwise it is made.
"""

import re
from collections.abc import Iterable
from contextvars import ContextVar
from dataclasses import dataclass
from uuid import uuid4

HEADER = b"x-request-id"
UUID = re.compile(rb"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


@dataclass(slots=True)
class Trace:
    """A request at work. `client_id` is the participant that proved to be the caller, None until one has."""

    request_id: str
    client_id: str | None = None


_present: ContextVar[Trace | None] = ContextVar("trace", default=None)


def begin(headers: Iterable[tuple[bytes, bytes]]) -> Trace:
    """Begin to trace a request with these headers (names in lower case, as ASGI has them)."""
    trace = Trace(_given(headers) or str(uuid4()))
    _present.set(trace)
    return trace


def _given(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    for name, value in headers:
        if name == HEADER:
            return value.decode().lower() if UUID.fullmatch(value) else None
    return None


def request_id() -> str | None:
    """Return the id of the request at work; None outside of any."""
    trace = _present.get()
    return trace.request_id if trace else None


def authenticated(client_id: str) -> None:
    """Note who proved to be the caller of the request at work, if there is one."""
    trace = _present.get()
    if trace:
        trace.client_id = client_id
