"""Records say which participants the roles of their documents are."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    nobody = sa.text("'{}'::jsonb")
    op.add_column("record", sa.Column("parties", postgresql.JSONB(), nullable=False, server_default=nobody))
    op.alter_column("record", "parties", server_default=None)
