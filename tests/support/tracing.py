"""What the processes of a gateway ask of the operating system, as strace sees it: what is synced, sent and received."""

import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

CALLS = "read,readv,recvfrom,recvmsg,write,writev,sendto,sendmsg,fsync,fdatasync,openat"
LONGEST = 8192
"""How much of what is sent and received is kept, in bytes."""
PATIENCE_SECONDS = 20.0
LINE = re.compile(r"^(\d+) +(\d+\.\d+) (?:<\.\.\. )?(\w+)(.*?)(?:<(\d+\.\d+)>)?$")


@dataclass(frozen=True, slots=True)
class Call:
    """A system call of a process: from when to when, in seconds, and the rest of its line."""

    pid: int
    name: str
    begun: float
    ended: float
    text: str


@contextmanager
def traced(pids: Sequence[int], file: Path) -> Iterator[None]:
    """Trace processes, and those that they start, into a file until the block ends."""
    program = shutil.which("strace")
    assert program, "strace is missing: apt-get install strace"
    command = [program, "-f", "-y", "-ttt", "-T", "-s", str(LONGEST), "-e", f"trace={CALLS}", "-e", "signal=none"]
    attached = [word for pid in pids for word in ("-p", str(pid))]
    said = file.with_suffix(".said")
    with (
        said.open("wb") as told,
        subprocess.Popen([*command, "-o", str(file), *attached], stdout=told, stderr=told) as strace,  # noqa: S603 - our own command
    ):
        try:
            _until_attached(strace, said, len(pids))
            yield
        finally:
            strace.send_signal(signal.SIGINT)
            strace.wait(PATIENCE_SECONDS)


def _until_attached(strace: subprocess.Popen[bytes], said: Path, number: int) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while said.read_text().count(" attached") < number:
        assert strace.poll() is None, f"strace ended: {said.read_text()}"
        assert time.monotonic() < deadline, f"strace did not attach: {said.read_text()}"
        time.sleep(0.01)


def calls(file: Path) -> list[Call]:
    """Return the calls in a trace that ended, in the order in which they did."""
    found, unfinished = [], {}
    for line in file.read_text(errors="replace").splitlines():
        match = LINE.match(line)
        if match is None:
            continue
        pid, at, name, text, seconds = int(match[1]), float(match[2]), match[3], match[4], match[5]
        if text.endswith("<unfinished ...>"):
            unfinished[pid, name] = (at, text)
        elif text.startswith(" resumed"):
            begun, before = unfinished.pop((pid, name), (at, ""))
            found.append(Call(pid, name, begun, at, before + text))
        else:
            found.append(Call(pid, name, at, at + float(seconds or 0), text))
    return sorted(found, key=lambda each: each.ended)
