"""Read a request's body within bounds, as it comes: no decompression, no more than is allowed, whatever it claims."""

from collections.abc import Callable, Coroutine, Sequence
from typing import Annotated, Any

from fastapi import Depends, Request, Response
from fastapi.routing import APIRoute
from starlette.types import Message

from gateway.errors import InvalidError, TooLargeError, UnsupportedMediaError
from gateway.settings import CurrentSettings, Settings
from schemas.strict_json import StrictJsonError, parse

DIGITS = 12
"""Longest Content-Length that is read."""
JSON = "application/json"


async def _body(request: Request, settings: CurrentSettings) -> bytes:
    """Return the body. It is `async`; the routes themselves run in threads.

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


async def _callers_body(request: Request, settings: CurrentSettings) -> bytes:
    """Return the body, but read nothing of a request that has no credentials: it will be refused.

    It is read before the caller is authenticated, so that a slow one keeps no transaction open.
    """
    return await _body(request, settings) if "authorization" in request.headers else b""


def _too_large(most: int) -> TooLargeError:
    return TooLargeError(f"the body is larger than {most} bytes; send it in parts", headers={"Connection": "close"})


Body = Annotated[bytes, Depends(_body)]
"""The request's bytes as they came."""

CallersBody = Annotated[bytes, Depends(_callers_body)]
"""The same for an authenticated route: name it before the caller."""


class JsonRoute(APIRoute):
    """An authenticated route with a model as its body: FastAPI reads it as `CallersBody` reads one, and strictly."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler; it also raises `UnsupportedMediaError`, `TooLargeError`, `InvalidError`."""
        handle = super().get_route_handler()

        async def handle_bounded(request: Request) -> Response:
            body = await _callers_body(request, request.app.state.settings)
            if body:
                check_media_type(request, (JSON,))
                _check_json(body, request.app.state.settings)
            return await handle(Request(request.scope, _replay(body)))

        return handle_bounded


def _check_json(body: bytes, settings: Settings) -> None:
    try:
        parse(body, max_bytes=settings.max_body_bytes)
    except StrictJsonError as error:
        raise InvalidError(f"the body cannot be read: {error}") from None


def _replay(body: bytes) -> Callable[[], Coroutine[Any, Any, Message]]:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


def check_media_type(request: Request, accepted: Sequence[str]) -> None:
    """Raise `UnsupportedMediaError` unless the content is of an accepted media type, and JSON is in UTF-8."""
    given, _, parameters = request.headers.get("content-type", "").partition(";")
    named = given.strip().lower()
    if named not in accepted:
        shown = f"{named[:50]!r}" if named else "none"
        raise UnsupportedMediaError(f"media type {shown} is not accepted; expected {' or '.join(accepted)}")
    name, _, charset = parameters.partition("=")
    if named == JSON and name.strip().lower() == "charset" and charset.strip(' "').lower() != "utf-8":
        raise UnsupportedMediaError("JSON is accepted in UTF-8 only (RFC 8259 section 8.1)")
