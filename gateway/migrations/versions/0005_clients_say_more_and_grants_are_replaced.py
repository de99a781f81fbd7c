"""Clients register more of OAuth, requests name a resource and may replace a grant, keys are fetched from a URI."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "fetchedkeys",
        sa.Column("uri", sa.String(), nullable=False),
        sa.Column("jwks", postgresql.JSONB(), nullable=False),
        sa.Column("fetched_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("missed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("uri", name=op.f("pk_fetchedkeys")),
    )
    op.add_column("participant", sa.Column("client_metadata", postgresql.JSONB(), nullable=False, server_default="{}"))
    op.add_column("pushedrequest", sa.Column("response_mode", sa.String(), nullable=False, server_default="query"))
    op.add_column("pushedrequest", sa.Column("replaces", sa.Boolean(), nullable=False, server_default=sa.false()))
    for table in ("pushedrequest", "code", "refreshtoken"):
        op.add_column(table, sa.Column("resource", sa.String(), nullable=True))
