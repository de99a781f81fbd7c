"""What every request goes through: it gets its id, is answered whatever happens, counted, and logged in one line.

The line has no part of the request but its method and the route's template: paths, queries, headers and bodies hold
what nobody else may read.
"""

import time
from collections.abc import Mapping
from http import HTTPMethod, HTTPStatus

import structlog
from sqlalchemy import exc
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway import figures, tracing
from gateway.errors import NotYetError, problem, to_problem

UNMATCHED = "(no route)"
METHODS = frozenset(HTTPMethod)
WENT_AWAY = 499
"""The status, of no standard, under which a request counts whose client went away before it was answered."""
UNREACHABLE = (exc.OperationalError, exc.InterfaceError, exc.TimeoutError)
"""What SQLAlchemy raises when the database is away, stops, has no disk left, or has no connection free."""


class Observed:
    """ASGI middleware around the whole application; `plain` has the paths of routes that FastAPI does not know."""

    def __init__(self, app: ASGIApp, plain: Mapping[object, str]) -> None:
        self._app, self._plain = app, plain
        self._log = structlog.get_logger(__name__).bind()  # once: that costs more than a line does

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        trace, started, status = tracing.begin(scope["headers"]), time.perf_counter(), 0

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = int(message["status"])
                message["headers"] = [*message["headers"], (tracing.HEADER, trace.request_id.encode())]
            await send(message)

        try:
            await self._app(scope, receive, answer)
        except ClientDisconnect:
            status = WENT_AWAY
        except Exception as error:  # noqa: BLE001 - a bug must neither take the process along nor tell what it holds
            self._log.error("a request failed", exc_info=error)
            if not status:
                await _failed(error)(scope, receive, answer)
        finally:
            self._note(scope, trace, status or WENT_AWAY, time.perf_counter() - started)

    def _note(self, scope: Scope, trace: tracing.Trace, status: int, seconds: float) -> None:
        plain = self._plain.get(scope.get("endpoint"), UNMATCHED)
        route = getattr(scope.get("route"), "path", plain)
        figures.requests.labels(route, str(status)).inc()
        figures.request_seconds.labels(route).observe(seconds)
        self._log.info(
            "answered",
            method=scope["method"] if scope["method"] in METHODS else figures.OTHER,
            route=route,
            status=status,
            milliseconds=round(seconds * 1000, 3),
            client=trace.client_id,
        )


def _failed(error: Exception) -> Response:
    if isinstance(error, UNREACHABLE):
        return to_problem(NotYetError("the database does not answer: ask again", headers={"Retry-After": "1"}))
    told = "the gateway failed; its operator finds why in the log, by the id in `instance`"
    return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "internal", told)
