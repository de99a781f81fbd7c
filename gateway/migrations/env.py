"""Alembic's entry point: runs migrations on the connection that `gateway.migrations` hands over."""

from typing import Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlmodel.sql.sqltypes import AutoString

from gateway.migrations import metadata


def _render(kind: str, item: object, _: AutogenContext) -> str | Literal[False]:
    """Write SQLModel's string type as what it is in the database."""
    return "sa.String()" if kind == "type" and isinstance(item, AutoString) else False


connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, render_item=_render)
with context.begin_transaction():
    context.run_migrations()
