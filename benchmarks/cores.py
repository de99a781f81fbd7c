"""Which core does what: the server under test with all its processes on one, the load generator on another."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

CORES = sorted(os.sched_getaffinity(0))
SERVERS, GENERATORS = CORES[0], CORES[-1]


@contextmanager
def on_servers_core() -> Iterator[None]:
    """Run what is started here on the servers' core, for as long as it lives; this process but for now."""
    with _on(SERVERS):
        yield


def generate() -> None:
    """Move this process to the load generator's core."""
    os.sched_setaffinity(0, {GENERATORS})


@contextmanager
def _on(core: int) -> Iterator[None]:
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
