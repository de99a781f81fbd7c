"""SIGKILL of gateway, worker and PostgreSQL at random moments under load: nothing acknowledged is lost or doubled.

A worker and PostgreSQL are started again by the gateway, a gateway from outside, as systemd would.
"""

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import aftermath
from tests.support.killing import Victim, kill_many, operated, slowest
from tests.support.load import under_load
from tests.support.market import opened

pytestmark = pytest.mark.timeout(7200)
Record = Callable[[str, object], None]
WARM = 50
"""What is acknowledged before the first kill."""
SECONDS = 30.0


def test_kills_lose_and_double_nothing(tmp_path: Path, pytestconfig: pytest.Config, record_property: Record) -> None:
    times, seed = pytestconfig.option.kills, pytestconfig.option.seed
    with opened(tmp_path) as market:
        with operated(market.stage), under_load(market, seed) as notes:
            assert notes.more(WARM, SECONDS)
            kills = kill_many(market.stage, notes, random.Random(seed), times=times)  # noqa: S311 - to be repeated
        stored = aftermath.settle(market, notes)
    aftermath.on_the_ledger(market.stage, stored)
    assert {each.victim for each in kills} == set(Victim)
    assert all(notes.figures().values())
    record_property("seed", seed)
    record_property("kills", len(kills))
    for victim in Victim:
        record_property(f"kills of {victim}", sum(each.victim is victim for each in kills))
    for name, seconds in slowest(kills).items():
        record_property(f"slowest recovery of {name}, seconds", round(seconds, 2))
    for what, number in notes.figures().items():
        record_property(f"{what} acknowledged", number)
