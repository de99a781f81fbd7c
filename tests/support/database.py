"""A real PostgreSQL for tests: one cluster a test process, one database a test, made from a migrated template."""

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

_numbers = count(1)


@contextmanager
def cluster() -> Iterator[str]:
    """Run PostgreSQL and yield the URL of its maintenance database; `template_tidegate` holds the migrated tables."""
    with tempfile.TemporaryDirectory() as folder, postgresql(Path(folder) / "pg") as url:
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


def _database(url: str, name: str) -> str:
    return make_url(url).set(database=name).render_as_string(hide_password=False)
