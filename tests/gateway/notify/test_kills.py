"""A worker that is killed at any step loses nothing, and what it told twice has one id."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlmodel import Session, col, select

from gateway.notify.tables import Delivery, Event
from tests.support.crashes import Crash, crashing
from tests.support.receiver import Receiver, Reply, Request
from tests.support.telling import LOOPBACK, Told
from tests.support.waiting import PATIENCE_SECONDS, until

LAST_POINT = 12


def test_a_crash_at_any_point_of_numbering_loses_and_doubles_nothing(told: Told) -> None:
    asked = 0
    for point in range(LAST_POINT):
        told.ask()
        asked += 1
        crashed = False
        with crashing(told.path.anchoring.backend, point):
            try:
                told.number()
            except Crash:
                crashed = True
        told.number()
        with Session(told.engine) as session:
            rows = session.exec(select(Event).order_by(col(Event.number))).all()
        assert [row.number for row in rows] == list(range(1, asked + 1))
        assert len({row.consent_id for row in rows}) == asked
        if not crashed:
            break
    assert asked > 2


@contextmanager
def worker(told: Told, receiver: Receiver, folder: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a real worker until the block ends."""
    environment = {
        **os.environ,
        "DATABASE_URL": told.path.gateway.app.state.database_url,
        "TIDEGATE_KEYS_DIR": str(told.path.gateway.settings.keys_path),
        "TIDEGATE_DATA_DIR": str(folder),
        "TIDEGATE_OUTBOUND_ALLOW": ",".join(map(str, LOOPBACK)),
        "SSL_CERT_FILE": str(receiver.ca_file),
    }
    folder.mkdir(exist_ok=True)
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen([sys.executable, "-m", "gateway", "worker"], env=environment, stdout=log, stderr=log)
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def states(told: Told) -> list[str]:
    with Session(told.engine) as session:
        return list(session.exec(select(Delivery.state).order_by(col(Delivery.number))))


def killing(process: "subprocess.Popen[bytes]", moment: str) -> Callable[[Request], Reply]:
    """Return a receiver's answering that kills the sender, before it answers or right after."""

    def answer(_: Request) -> Reply:
        if moment == "before the answer":
            process.send_signal(signal.SIGKILL)
            process.wait()
        else:
            threading.Timer(0.0, lambda: process.send_signal(signal.SIGKILL)).start()
        return Reply()

    return answer


@pytest.mark.parametrize("moment", ["before the answer", "after the answer"])
def test_a_worker_killed_while_it_sends_sends_again(
    told: Told, receiver: Receiver, tmp_path: Path, moment: str
) -> None:
    told.webhook(receiver)
    for _ in range(2):
        told.ask()
        with worker(told, receiver, tmp_path / "worker") as process:
            receiver.answering = killing(process, moment)
            arrived = len(receiver.requests)
            receiver.wait_for(arrived + 1)
            assert process.wait(PATIENCE_SECONDS) == -signal.SIGKILL
    receiver.answering = lambda _: Reply()
    with worker(told, receiver, tmp_path / "worker"):
        until(lambda: states(told) == ["delivered"] * 2, "not all was delivered")
    with Session(told.engine) as session:
        known = session.exec(select(Event.id)).all()
    assert set(receiver.ids()) == set(known)


def test_what_happened_while_no_worker_ran_is_told_when_one_does(
    told: Told, receiver: Receiver, tmp_path: Path
) -> None:
    told.webhook(receiver)
    told.ask()
    with worker(told, receiver, tmp_path / "worker"):
        receiver.wait_for(1)
        told.ask()
        receiver.wait_for(2)
    assert len(set(receiver.ids())) == 2


def test_of_two_workers_one_tells(told: Told, receiver: Receiver, tmp_path: Path) -> None:
    told.webhook(receiver)
    with worker(told, receiver, tmp_path / "one") as first, worker(told, receiver, tmp_path / "two"):
        for _ in range(5):
            told.ask()
        until(lambda: states(told) == ["delivered"] * 5, "not all was delivered")
        first.kill()
        told.ask()
        until(lambda: states(told) == ["delivered"] * 6, "the other did not take over")
    assert sorted(receiver.ids()) == sorted(set(receiver.ids()))
