"""A market that works for a while without any trouble: no failure, no growing memory, everything anchored."""

import json
import math
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.cli.demo.stage import Stage
from tests.support import aftermath
from tests.support.killing import Victim, pids
from tests.support.load import under_load
from tests.support.market import opened

pytestmark = pytest.mark.timeout(7200)
WARM, PATIENCE_SECONDS = 100, 60.0
MOST_GROWTH_MEBIBYTES = 50
ROUTES = {
    "push": "/ingest/{connector}",
    "approval": "/portal/requests/{request_id}/approve",
    "token": "/oauth/token",
    "pull": "/evidence",
    "revocation": "/portal/consents/{consent_id}/stop",
}


def resident_mebibytes(stage: Stage, victim: Victim) -> float:
    status = Path(f"/proc/{pids(stage, victim)[0]}/status").read_text()
    line = next(each for each in status.splitlines() if each.startswith("VmRSS:"))
    return int(line.split()[1]) / 1024


def test_a_market_works_without_failures_and_without_growing(
    tmp_path: Path, pytestconfig: pytest.Config, record_property: Callable[[str, object], None]
) -> None:
    processes = (Victim.GATEWAY, Victim.WORKER)
    with opened(tmp_path) as market:
        with under_load(market, pytestconfig.option.seed) as notes:
            assert notes.more(WARM, PATIENCE_SECONDS)
            before = [resident_mebibytes(market.stage, each) for each in processes]
            began, count = time.monotonic(), notes.count
            deadline = began + pytestconfig.option.soak_seconds
            while time.monotonic() < deadline:
                assert notes.more(1, PATIENCE_SECONDS)
            seconds, done = time.monotonic() - began, notes.count - count
            growth = [resident_mebibytes(market.stage, each) for each in processes]
        stored = aftermath.settle(market, notes)
        log = [json.loads(line) for line in market.log.splitlines() if line.startswith("{") and line.endswith("}")]
    aftermath.on_the_ledger(market.stage, stored)
    assert [line for line in log if line["level"] == "error" or line.get("status") == 500] == []
    grown = [round(after - at_first, 1) for after, at_first in zip(growth, before, strict=True)]
    assert max(grown) <= MOST_GROWTH_MEBIBYTES
    record_property("seconds", round(seconds))
    record_property("acknowledged", done)
    record_property("acknowledged a second", round(done / seconds, 1))
    for victim, mebibytes in zip(processes, grown, strict=True):
        record_property(f"growth of {victim}, MiB", mebibytes)
    answered = defaultdict(list)
    for line in log:
        if line["event"] == "answered" and line["status"] < 400:
            answered[line["method"], line["route"]].append(line["milliseconds"])
    for what, route in ROUTES.items():
        taken = sorted(answered["POST", route])
        record_property(f"p95 of a {what}, ms", round(taken[math.ceil(len(taken) * 0.95) - 1], 1))
