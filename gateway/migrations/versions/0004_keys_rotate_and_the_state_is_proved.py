"""Entries that were signed elsewhere, changes of the validators, and proofs of the state on request."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("ledgerentry", sa.Column("signed_elsewhere", sa.Boolean(), server_default="false", nullable=False))
    op.create_table(
        "handoverpart",
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("part", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("height", name=op.f("pk_handoverpart")),
    )
    op.create_table(
        "stateproof",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("wanted", sa.Boolean(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.Column("document", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_stateproof")),
    )
    op.create_index(
        "ix_stateproof_wanted",
        "stateproof",
        ["key"],
        unique=False,
        postgresql_where=sa.text("wanted"),
    )
