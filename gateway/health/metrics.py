"""Numbers for Prometheus: aggregates alone, by route, never by participant, consent or record."""

import time
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.clock import Clock
from gateway.health.readiness import backlog

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 1.5, 2.5, 5.0, 10.0)
UNMATCHED = "(no route)"


class Metrics:
    """The metrics of one gateway process."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self.registry = CollectorRegistry()
        self._answers = Counter("tidegate_requests", "Requests answered.", ("route", "status"), registry=self.registry)
        self._seconds = Histogram(
            "tidegate_request_seconds", "Time to answer.", ("route",), buckets=SECONDS, registry=self.registry
        )
        self.registry.register(_Worker(engine, clock))

    def answered(self, route: str, status: int, seconds: float) -> None:
        """Count a request that was answered."""
        self._answers.labels(route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)


class Measured:
    """ASGI middleware that counts what is answered, by the route's template: paths hold ids."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and measure it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status = time.perf_counter(), 500

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noting)
        finally:
            route = getattr(scope.get("route"), "path", UNMATCHED)
            self._metrics.answered(route, status, time.perf_counter() - started)


class _Worker(Collector):
    """What waits for the ledger, read when it is asked for. Without a database there is nothing to tell."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine, self._clock = engine, clock

    def collect(self) -> Iterator[Metric]:
        """Yield the gauges."""
        try:
            with Session(self._engine) as session:
                found = backlog(session, now=self._clock())
        except SQLAlchemyError:
            return
        for name, help_text, value in (
            (
                "tidegate_anchoring_oldest_seconds",
                "Age of the oldest thing not yet on the ledger.",
                found.oldest_seconds,
            ),
            ("tidegate_anchoring_leaves", "Leaves that wait for a batch.", found.leaves),
            ("tidegate_anchoring_entries", "Ledger entries not yet final.", found.entries),
            ("tidegate_anchoring_rejected", "Ledger entries that the ledger rejected.", found.rejected),
            ("tidegate_anchoring_height", "Height of the last final entry.", found.last_height or 0),
        ):
            yield GaugeMetricFamily(name, help_text, value=value)

    def describe(self) -> Iterator[Metric]:
        """Say nothing ahead: the database may not be there yet."""
        return iter(())
