"""Figures that are read when they are asked for: what waits for the ledger, and the database's connections."""

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import Engine
from sqlalchemy.pool import QueuePool

from gateway import figures
from gateway.health.readiness import Backlog

Connections = Callable[[], tuple[int, int]]
"""Gives how many connections of a pool are in use, and how many are open and idle."""


def exposition(found: Backlog | None, overdue: int | None, pools: dict[str, Connections]) -> bytes:
    """Return all metrics in Prometheus's text format; without a database there is nothing to tell of what it holds."""
    registry = CollectorRegistry()
    registry.register(_Gauges(found, overdue, pools))
    return generate_latest(figures.REGISTRY) + generate_latest(registry)


def engine_connections(engine: Engine) -> tuple[int, int]:
    """Return the connections of an engine's pool, as `Connections` says."""
    pool = engine.pool
    assert isinstance(pool, QueuePool)  # noqa: S101 - what create_engine makes for PostgreSQL
    return pool.checkedout(), pool.checkedin()


class _Gauges(Collector):
    """One reading."""

    def __init__(self, found: Backlog | None, overdue: int | None, pools: dict[str, Connections]) -> None:
        self._found, self._overdue, self._pools = found, overdue, pools

    def collect(self) -> Iterator[Metric]:
        """Yield the gauges."""
        if self._found is not None:
            yield from _anchoring(self._found)
        if self._overdue is not None:
            told = "Versions of consents whose bank should have deleted what it pulled."
            yield GaugeMetricFamily("tidegate_deletion_duties_overdue", told, value=self._overdue)
        connections = GaugeMetricFamily(
            "tidegate_database_connections", "Connections to the database.", labels=("pool", "state")
        )
        for name, pool in self._pools.items():
            busy, idle = pool()
            connections.add_metric((name, "busy"), busy)
            connections.add_metric((name, "idle"), idle)
        yield connections


def _anchoring(found: Backlog) -> Iterator[Metric]:
    for name, help_text, value in (
        ("oldest_seconds", "Age of the oldest thing not yet on the ledger.", found.oldest_seconds),
        ("leaves", "Leaves that wait for a batch.", found.leaves),
        ("entries", "Ledger entries not yet final.", found.entries),
        ("rejected", "Ledger entries that the ledger rejected.", found.rejected),
        ("height", "Height of the last final entry.", found.last_height or 0),
        ("proved_height", "Height of the newest header with its proofs.", found.proved_height or 0),
        ("workers", "Workers connected to the database.", found.workers),
    ):
        yield GaugeMetricFamily(f"tidegate_anchoring_{name}", help_text, value=value)
