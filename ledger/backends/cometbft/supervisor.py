"""Both processes of a node: the application, and the engine. Started, started again when they die, stopped in order.

The application's listening socket belongs to the supervisor, so the engine can connect whenever it likes: it waits for
an application that is being started instead of failing. If the application dies, the engine is ended and started again
too. It begins to end by itself, but not always gets there: CometBFT 0.38.25, if it has just begun to fetch blocks, now
and then lives on, answers, and makes no block. If the supervisor dies, both end: the application as its standard input
does, and the engine with it, or, while it still waits for one, by Linux' signal at a parent's death. An application
that cannot go on with this software is not started again: the supervisor then ends too.
"""

import asyncio
import logging
import os
import shutil
import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from ledger.backends.cometbft import engine
from ledger.backends.cometbft.layout import SOCKET, Home
from ledger.errors import LedgerError

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 10.0
"""How long to wait before a process is started again: doubled each time it does not live for `WELL_SECONDS`."""
WELL_SECONDS = 10.0
STOP_SECONDS, RENEW_SECONDS = 15.0, 3.0
"""How long a process may take to end for good, or to be started again: then there is nothing for it to finish."""
OTHER_SOFTWARE = 78
"""Exit code if only other software can go on: EX_CONFIG of BSD's sysexits.h, which systemd knows by that name."""
_log = logging.getLogger(__name__)


def run(home: Home, *, snapshots_every: int) -> int:
    """Run a node until SIGTERM or SIGINT; return the exit code, `OTHER_SOFTWARE` if it ended by itself.

    Raises `LedgerError` if it is not configured, or runs already.
    """
    if not (home.config / "config.toml").is_file():
        raise LedgerError(f"{home.root} is no node of a network yet: tidegate ledger join makes it one")
    program = engine.find()
    os.chdir(home.root)
    with _listen() as listener:
        return asyncio.run(_supervise(str(program), listener, snapshots_every))


def _listen() -> socket.socket:
    """Return the application's listening socket. Raises `LedgerError` if another supervisor has it."""
    with socket.socket(socket.AF_UNIX) as other:
        if other.connect_ex(SOCKET) == 0:
            raise LedgerError(f"a node runs in {os.getcwd()} already")  # noqa: PTH109 - where it was just changed to
    with suppress(FileNotFoundError):
        os.unlink(SOCKET)  # noqa: PTH108 - beside bind, which takes no path object
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(SOCKET)
    os.chmod(SOCKET, 0o600)  # noqa: PTH101 - as above
    listener.listen()
    return listener


async def _supervise(program: str, listener: socket.socket, snapshots_every: int) -> int:
    told = asyncio.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(each, told.set)
    descriptor = listener.fileno()
    served = [sys.executable, "-m", "ledger.backends.cometbft.server", ".", str(descriptor), str(snapshots_every)]
    comet = _Kept("engine", [*_ending_with_us(), program, "start", "--home", "."])

    def without_application(status: int | None) -> None:
        (told.set if status == OTHER_SOFTWARE else comet.renew)()

    app = _Kept("application", served, descriptor, ended=without_application)
    await told.wait()
    await comet.end()  # first, while there is an application to finish its block
    return OTHER_SOFTWARE if await app.end() == OTHER_SOFTWARE else 0


def _ending_with_us() -> list[str]:
    """Return what a command begins with that is to end when this process does, where there is such a thing."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "TERM"] if setpriv else []


class _Kept:
    """A process that is started again when it ends, until it is to end for good; or ends with `OTHER_SOFTWARE`."""

    def __init__(
        self, name: str, command: Sequence[str], *descriptors: int, ended: Callable[[int | None], None] = lambda _: None
    ) -> None:
        self._name, self._command, self._descriptors, self._ended = name, command, descriptors, ended
        self._ending, self._outdated = asyncio.Event(), asyncio.Event()
        self._task = asyncio.create_task(self._run())

    def renew(self) -> None:
        """End it if it runs: asked to first, made to after `RENEW_SECONDS`. It is started again."""
        self._outdated.set()

    async def end(self) -> int | None:
        """End it: asked to first, made to after `STOP_SECONDS`. Returns its last status."""
        self._ending.set()
        self._outdated.set()
        return await self._task

    async def _run(self) -> int | None:
        pause, status = FIRST_PAUSE, None
        while not self._ending.is_set():
            began = time.monotonic()
            status = await self._once()
            if self._ending.is_set():
                break
            self._ended(status)
            if status == OTHER_SOFTWARE:
                break
            pause = FIRST_PAUSE if time.monotonic() - began > WELL_SECONDS else min(2 * pause, LONGEST_PAUSE)
            _log.warning("the %s ended with status %s and is started again", self._name, status)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._ending.wait(), pause)
        return status

    async def _once(self) -> int | None:
        self._outdated.clear()
        process = await asyncio.create_subprocess_exec(
            *self._command, stdin=asyncio.subprocess.PIPE, pass_fds=self._descriptors, start_new_session=True
        )
        ended, told = asyncio.create_task(process.wait()), asyncio.create_task(self._outdated.wait())
        await asyncio.wait({ended, told}, return_when=asyncio.FIRST_COMPLETED)
        told.cancel()
        if not ended.done():
            process.terminate()
            patience = STOP_SECONDS if self._ending.is_set() else RENEW_SECONDS
            if not (await asyncio.wait({ended}, timeout=patience))[0]:
                _log.error("the %s did not end and is killed", self._name)
                process.kill()
        return await ended
