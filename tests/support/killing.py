"""SIGKILL to the processes of an embedded gateway, and an operator who starts the gateway again."""

import os
import random
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from gateway.cli.demo.stage import Stage
from gateway.cli.faults import CommandError
from gateway.db.embedded import runs
from tests.support.acknowledged import Acknowledged

PATIENCE_SECONDS = 60.0
MOMENT_SECONDS = 0.02
MOST_BETWEEN = 12
"""What is acknowledged at most between one kill and the next."""


class Victim(StrEnum):
    """A process of an embedded gateway."""

    GATEWAY = "gateway"
    WORKER = "worker"
    POSTMASTER = "PostgreSQL"
    BACKEND = "one process of PostgreSQL"


WEIGHTS = {Victim.GATEWAY: 1, Victim.WORKER: 3, Victim.POSTMASTER: 2, Victim.BACKEND: 4}
"""How often each is chosen: what takes longest to start again, least."""
WAITED = {Victim.GATEWAY: 0.75, Victim.WORKER: 0.25, Victim.POSTMASTER: 0.75, Victim.BACKEND: 0.75}
"""How often its recovery is waited for."""


@dataclass(frozen=True, slots=True)
class Kill:
    """What was killed, and after how many seconds all was well again, if that was waited for."""

    victim: Victim
    seconds: float | None


def children(pid: int) -> list[int]:
    """Return the processes that a process has started and not outlived."""
    try:
        return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []


def pids(stage: Stage, victim: Victim) -> list[int]:
    """Return the living processes that a victim may be."""
    if victim is Victim.GATEWAY:
        return [] if stage.ended else [stage.pid]
    if victim is Victim.WORKER:
        return [each for each in children(stage.pid) if "worker" in command(each)]
    folder = stage.data / "postgresql"
    if not runs(folder):
        return []
    postmaster = int((folder / "postmaster.pid").read_text().split()[0])
    return [postmaster] if victim is Victim.POSTMASTER else children(postmaster)


def command(pid: int) -> list[str]:
    """Return the command line of a process; nothing if there is none."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
    except (FileNotFoundError, ProcessLookupError):
        return []


def kill_one(stage: Stage, dice: random.Random, wanted: Victim | None = None) -> tuple[Victim, int]:
    """Kill a process chosen at random among those that live, or among those that are wanted; return which."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        victim = wanted or Victim(dice.choices(list(WEIGHTS), weights=list(WEIGHTS.values()))[0])
        with suppress(IndexError, ProcessLookupError, FileNotFoundError, ValueError):
            pid = dice.choice(pids(stage, victim))
            os.kill(pid, signal.SIGKILL)
            return victim, pid
        time.sleep(MOMENT_SECONDS)
    raise AssertionError(f"nothing was there to kill for {PATIENCE_SECONDS:g} seconds")


def kill_many(stage: Stage, notes: Acknowledged, dice: random.Random, *, times: int) -> list[Kill]:
    """Kill so many times, each kind of process at first.

    After most kills it is waited until all is well again and some more was acknowledged, a random number; after the
    others, the next one falls into the recovery.
    """
    kills = []
    first = dice.sample(list(Victim), len(Victim))
    for wanted in [*first, *[None] * times][:times]:
        began = time.monotonic()
        victim, pid = kill_one(stage, dice, wanted)
        seconds = None
        if dice.random() < WAITED[victim]:
            recovered(stage, victim, pid)
            seconds = time.monotonic() - began
        kills.append(Kill(victim, seconds))
        more = dice.randint(0, MOST_BETWEEN)
        if not notes.more(more, PATIENCE_SECONDS):
            raise AssertionError(
                f"after {victim} was killed, nothing was acknowledged for {PATIENCE_SECONDS:g} seconds"
            )
    return kills


def recovered(stage: Stage, victim: Victim, pid: int) -> None:
    """Wait until what was killed as `pid` runs again, and the gateway is ready and its worker at work."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        state = stage.state() if pid not in pids(stage, victim) else None
        if state is not None and (victim is not Victim.WORKER or state["anchoring"]["workers"]):
            return
        time.sleep(MOMENT_SECONDS)
    raise AssertionError(f"{PATIENCE_SECONDS:g} seconds after {victim} was killed, the gateway is not ready")


def slowest(kills: Sequence[Kill]) -> dict[str, float]:
    """Return the longest time that each victim's recovery took, in seconds."""
    waited = [each for each in kills if each.seconds is not None]
    return {
        str(victim): max(each.seconds or 0.0 for each in waited if each.victim is victim)
        for victim in Victim
        if any(each.victim is victim for each in waited)
    }


@contextmanager
def operated(stage: Stage) -> Iterator[None]:
    """Start the gateway again whenever it ends, as systemd would, until the block ends; then it runs."""
    stopping = threading.Event()

    def watch() -> None:
        while not stopping.is_set():
            if stage.ended:
                stage.start()
            stopping.wait(0.02)

    thread = threading.Thread(target=watch, name="operator")
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join()
        if stage.ended:
            stage.start()
        with suppress(CommandError):
            stage.ready()
