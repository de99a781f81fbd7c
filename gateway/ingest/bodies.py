"""Read a request's body within bounds, as it comes: no decompression, no more than is allowed, whatever it claims."""

from typing import Annotated

from fastapi import Depends, Request

from gateway.errors import TooLargeError, UnsupportedMediaError
from gateway.settings import CurrentSettings

DIGITS = 12
"""Longest Content-Length that is read."""


async def _body(request: Request, settings: CurrentSettings) -> bytes:
    """Return the body. The one `async` step of ingest: the route itself runs in a thread.

    Raises `UnsupportedMediaError` for a content coding (RFC 9110 section 15.5.16), `TooLargeError`.
    """
    coding = request.headers.get("content-encoding", "identity").strip().lower()
    if coding != "identity":
        headers = {"Accept-Encoding": "identity"}
        raise UnsupportedMediaError(f"content coding {coding[:50]!r} is not accepted; send identity", headers=headers)
    most = settings.max_body_bytes
    claimed = request.headers.get("content-length", "0")
    if len(claimed) > DIGITS or int(claimed) > most:
        raise _too_large(most)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            raise _too_large(most)
    return bytes(body)


def _too_large(most: int) -> TooLargeError:
    return TooLargeError(f"the body is larger than {most} bytes; send it in parts", headers={"Connection": "close"})


Body = Annotated[bytes, Depends(_body)]
"""The request's bytes as they came. Name it after the parameters that authenticate: they are resolved first."""


def media_type(request: Request) -> str:
    """Return the media type of the request's content, lower case, without parameters; empty if it says none."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()
