"""Health over HTTP: public, and without any secret or anybody's data."""

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, Request
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlmodel import Session
from starlette.responses import JSONResponse, Response

from gateway.clock import Now
from gateway.health.metrics import Metrics
from gateway.health.readiness import backlog, database_fault

router = APIRouter(tags=["health"])


@router.get("/healthz")
def liveness() -> dict[str, str]:
    """Say that the process is alive."""
    return {"status": "ok"}


@router.get("/readyz", response_class=JSONResponse)
def readiness(request: Request, now: Now) -> JSONResponse:
    """Say whether the gateway can serve: 200 or 503; and how far the worker is.

    A worker that is late does not make the gateway unready: revocations take effect without it.
    """
    engine = request.app.state.engine
    fault = database_fault(engine)
    if fault is not None:
        return JSONResponse({"status": "unready", "reason": fault}, 503)
    with Session(engine) as session:
        found = backlog(session, now=now)
    anchoring: dict[str, Any] = {**asdict(found), "late": found.late}
    return JSONResponse({"status": "ready", "anchoring": anchoring})


@router.get("/metrics", response_class=Response)
def metrics(request: Request) -> Response:
    """Return the metrics in Prometheus's text format."""
    found: Metrics = request.app.state.metrics
    return Response(generate_latest(found.registry), media_type=CONTENT_TYPE_LATEST)
