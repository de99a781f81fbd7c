"""Alembic's entry point: runs migrations on the connection that `gateway.migrations.upgrade` hands over."""

from alembic import context

from gateway.migrations import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
