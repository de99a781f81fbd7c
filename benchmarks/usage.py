"""How much of a core's time a server takes, with all the processes that belong to it.

A core that does nothing else and is never idle answers one over this time a second. Unlike the time on the clock it
does not change with whatever else runs on the machine.
"""

import os
from collections.abc import Callable
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
PARENT, USER, SYSTEM = 1, 11, 12
"""Places in /proc/PID/stat after the process's name (proc(5))."""


def of_tree(*roots: int) -> Callable[[], float]:
    """Return a clock of the seconds that processes and their descendants have run."""

    def seconds() -> float:
        known = dict(_processes())
        wanted, more = set(roots), True
        while more:
            children = {pid for pid, (parent, _) in known.items() if parent in wanted} - wanted
            wanted, more = wanted | children, bool(children)
        return sum(known[pid][1] for pid in wanted if pid in known)

    return seconds


def _processes() -> list[tuple[int, tuple[int, float]]]:
    """Return each process's id, its parent's, and the seconds it has run."""
    found = []
    for path in Path("/proc").iterdir():
        if path.name.isdigit():
            try:
                told = (path / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue  # it has ended
            found.append((int(path.name), (int(told[PARENT]), (int(told[USER]) + int(told[SYSTEM])) / TICKS)))
    return found
