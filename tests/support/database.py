"""A real PostgreSQL for tests: one cluster a test process, one database a test, made from a migrated template."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg
from sqlalchemy.engine import make_url

from gateway.db import connect
from gateway.db.embedded import postgresql
from gateway.migrations import upgrade

MEMORY, ROOM_BYTES = Path("/dev/shm"), 2**31  # noqa: S108 - as Linux has it
_numbers = count(1)


@contextmanager
def cluster() -> Iterator[str]:
    """Run PostgreSQL and yield the URL of its maintenance database; `template_tidegate` holds the migrated tables.

    Its files are in memory where there is room: most of a test's time goes to making its database.
    """
    with tempfile.TemporaryDirectory(dir=_memory()) as folder, postgresql(Path(folder) / "pg") as url:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("ALTER SYSTEM SET fsync = off")  # a test's database need not survive the machine
            connection.execute("SELECT pg_reload_conf()")
            connection.execute("CREATE DATABASE template_tidegate")
        engine = connect(_database(url, "template_tidegate"))
        upgrade(engine)
        engine.dispose()
        yield url


@contextmanager
def database(cluster_url: str) -> Iterator[str]:
    """Yield the URL of a fresh database with all tables; drop it at the end."""
    with _created(cluster_url, "TEMPLATE template_tidegate STRATEGY file_copy") as url:
        yield url


@contextmanager
def copied(cluster_url: str, database_url: str) -> Iterator[str]:
    """Yield the URL of a copy of a database to which nobody is connected; drop it at the end."""
    with _created(cluster_url, f"TEMPLATE {make_url(database_url).database} STRATEGY file_copy") as url:
        yield url


@contextmanager
def empty_database(cluster_url: str) -> Iterator[str]:
    """Yield the URL of a database without tables; drop it at the end."""
    with _created(cluster_url, "") as url:
        yield url


@contextmanager
def _created(cluster_url: str, options: str) -> Iterator[str]:
    name = f"test_{next(_numbers)}"
    with psycopg.connect(cluster_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} {options}".encode())
    yield _database(cluster_url, name)
    with psycopg.connect(cluster_url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def _memory() -> Path | None:
    """Return the folder of files in memory, if this machine has one and there is room in it."""
    return MEMORY if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM_BYTES else None


def _database(url: str, name: str) -> str:
    return make_url(url).set(database=name).render_as_string(hide_password=False)
