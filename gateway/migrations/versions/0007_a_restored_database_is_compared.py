"""A database says that it was compared with the ledger since it was started."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "comparison",
        sa.Column("server_since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("database", sa.BigInteger(), nullable=False),
        sa.Column("relation", sa.BigInteger(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("compared_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("server_since", name=op.f("pk_comparison")),
    )
