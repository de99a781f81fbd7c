"""The database's schema over time (Alembic): every table of every feature, and how it came to be."""

from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text
from sqlmodel import SQLModel

import gateway.anchoring.tables  # each import brings a feature's tables into the metadata
import gateway.consent.tables
import gateway.deletion.tables
import gateway.directory.tables
import gateway.ingest.tables
import gateway.journal.tables
import gateway.notify.tables
import gateway.oauth.tables
import gateway.pull.tables
import gateway.records.tables  # noqa: F401

HERE = Path(__file__).parent
metadata = SQLModel.metadata
UPGRADE_LOCK = 7_433_001
"""Advisory lock under which one process at a time migrates."""


def upgrade(engine: Engine) -> None:
    """Bring the database to the newest schema; processes that start together take turns."""
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": UPGRADE_LOCK})
        command.upgrade(_config(connection), "head")


def revise(engine: Engine, message: str) -> Path | None:
    """Write a migration from the database's schema to that of the tables; return its file, None if they are equal."""
    with engine.begin() as connection:
        if not differences(connection):
            return None
        heads = ScriptDirectory(str(HERE)).get_heads()
        number = f"{int(heads[0]) + 1 if heads else 1:04}"
        written = command.revision(_config(connection), message, autogenerate=True, rev_id=number)
    assert written is not None  # noqa: S101 - one revision is asked for
    return Path(written.path)  # type: ignore[union-attr]


def differences(connection: Connection) -> list[object]:
    """Return in what the database's schema differs from the tables; nothing if it does not."""
    return list(compare_metadata(MigrationContext.configure(connection), metadata))


def is_current(connection: Connection) -> bool:
    """Say whether the database has the newest schema."""
    heads = ScriptDirectory(str(HERE)).get_heads()
    return set(MigrationContext.configure(connection).get_current_heads()) == set(heads)


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(HERE))
    config.attributes["connection"] = connection
    return config
