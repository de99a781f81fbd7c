"""The database's schema over time (Alembic): every table of every feature, and how it came to be."""

import gateway.anchoring.tables  # each import brings a feature's tables into the metadata
import gateway.consent.tables
import gateway.directory.tables
import gateway.ingest.tables
import gateway.journal.tables
import gateway.oauth.tables
import gateway.pull.tables
import gateway.records.tables  # noqa: F401
from sqlalchemy import Engine
from sqlmodel import SQLModel


def upgrade(engine: Engine) -> None:
    """Bring the database to the newest schema."""
    SQLModel.metadata.create_all(engine)
