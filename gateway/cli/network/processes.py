"""The processes of a network: they run on when the command that started them has ended, and are found again.

Each is known by its id and the moment of its start, so that no other process is ever taken for it.
"""

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from gateway.cli.supervision import STOP_SECONDS, own_command

SAME_START_SECONDS = 2.0
"""A process's start is told to within the clock's corrections since."""


@dataclass(frozen=True, slots=True)
class Ended:
    """What became of those that were to end: names of those that did not, and ids of what they left behind."""

    alive: Mapping[str, int]
    left: Sequence[int]


class Processes:
    """The processes that a file tells of."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def start(self, name: str, command: Sequence[str], *, log: Path, environment: Mapping[str, str]) -> None:
        """Start a command of this installation in the background, unless it runs; what it says goes to `log`."""
        if self.running(name):
            return
        with log.open("ab") as said:
            process = subprocess.Popen(  # noqa: S603 - our own command
                own_command(*command),
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                env=dict(environment),
                start_new_session=True,
            )
        known = {**self._known(), name: {"pid": process.pid, "started": psutil.Process(process.pid).create_time()}}
        draft = self._file.with_name(f".{self._file.name}.new")
        draft.write_text(json.dumps(known, indent=1))
        draft.replace(self._file)

    def running(self, name: str) -> psutil.Process | None:
        """Return a process that runs, None if it does not."""
        known = self._known().get(name)
        if known is None:
            return None
        try:
            process = psutil.Process(int(known["pid"]))
            same = abs(process.create_time() - known["started"]) < SAME_START_SECONDS
            return process if same and process.status() != psutil.STATUS_ZOMBIE else None
        except psutil.NoSuchProcess:
            return None

    def end(self, names: Sequence[str]) -> Ended:
        """Ask processes to end, all at once, and wait; whatever still lives then is told, and left."""
        found = {name: process for name in names if (process := self.running(name))}
        children = [child for process in found.values() for child in process.children(recursive=True)]
        for process in found.values():
            process.terminate()
        _, slow = psutil.wait_procs(list(found.values()), timeout=2 * STOP_SECONDS)
        _, orphans = psutil.wait_procs([each for each in children if _lives(each)], timeout=STOP_SECONDS)
        alive = {name: process.pid for name, process in found.items() if process in slow and _lives(process)}
        return Ended(alive, sorted(each.pid for each in orphans if _lives(each)))

    def _known(self) -> dict[str, dict[str, float]]:
        if not self._file.is_file():
            return {}
        known: dict[str, dict[str, float]] = json.loads(self._file.read_text())
        return known


def _lives(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
