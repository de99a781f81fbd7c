"""Health over HTTP: public, and without any secret or anybody's data."""

from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from typing import Any, TypeVar

import anyio
from fastapi import APIRouter, Request
from prometheus_client import CONTENT_TYPE_LATEST
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session
from starlette.responses import JSONResponse, Response

from gateway.clock import Clock, Now
from gateway.deletion import duties
from gateway.health.metrics import engine_connections, exposition
from gateway.health.readiness import Backlog, backlog, database_fault
from gateway.settings import CurrentSettings

router = APIRouter(tags=["health"])
Answer = TypeVar("Answer")
PROBES = 4
"""How many may ask the database at once. While it hangs, no more threads than these are kept."""


def probes() -> anyio.CapacityLimiter:
    """Return what keeps those who ask the database within `PROBES`."""
    return anyio.CapacityLimiter(PROBES)


@router.get("/healthz")
def liveness() -> dict[str, str]:
    """Say that the process is alive."""
    return {"status": "ok"}


@router.get("/readyz", response_class=JSONResponse)
async def readiness(request: Request, settings: CurrentSettings, now: Now) -> JSONResponse:
    """Say whether the gateway can serve: 200 or 503; how far the worker is, and what somebody should look at.

    A worker that is late does not make the gateway unready: revocations take effect without it.
    """
    engine = request.app.state.engine
    silent: str | None = f"the database does not answer within {settings.ready_seconds:g} seconds"
    fault = await _within(request, partial(database_fault, engine), otherwise=silent)
    found = None if fault else await _within(request, partial(_backlog, engine, lambda: now), otherwise=None)
    if found is None:
        return JSONResponse({"status": "unready", "reason": fault or silent}, 503)
    anchoring: dict[str, Any] = {**asdict(found), "late": found.late(settings)}
    full = request.app.state.ballast and request.app.state.ballast.warning()
    warnings = [*found.warnings(settings), *([full] if full else [])]
    return JSONResponse({"status": "ready", "warnings": warnings, "anchoring": anchoring})


@router.get("/metrics", response_class=Response)
async def metrics(request: Request) -> Response:
    """Return the metrics in Prometheus's text format."""
    state = request.app.state
    found = await _within(request, partial(_backlog, state.engine, state.clock), otherwise=None)
    overdue = await _within(request, partial(_overdue, state.engine), otherwise=None) if found else None
    pools = {"requests": partial(engine_connections, state.engine), "pulls": state.puller.connections}
    return Response(exposition(found, overdue, pools), media_type=CONTENT_TYPE_LATEST)


async def _within(request: Request, ask: Callable[[], Answer], *, otherwise: Answer) -> Answer:
    """Return what `ask` says, in a thread beside those of the requests; `otherwise` if it takes too long."""
    state = request.app.state
    with anyio.move_on_after(state.settings.ready_seconds):
        return await anyio.to_thread.run_sync(ask, abandon_on_cancel=True, limiter=state.probes)
    return otherwise


def _backlog(engine: Engine, clock: Clock) -> Backlog | None:
    try:
        with Session(engine) as session:
            return backlog(session, now=clock())
    except SQLAlchemyError:
        return None


def _overdue(engine: Engine) -> int | None:
    try:
        with Session(engine) as session:
            return duties.count_overdue(session)
    except SQLAlchemyError:
        return None
