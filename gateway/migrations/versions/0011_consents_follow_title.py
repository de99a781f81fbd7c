"""Consents follow title: what is known of its passing on."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.create_table(
        "titlechange",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("owner_id", sa.String(), nullable=False),
        sa.Column("document_key", sa.String(), nullable=False),
        sa.Column("document", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reporter", sa.String(), nullable=False),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["participant.id"], name=op.f("fk_titlechange_owner_id")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_titlechange")),
        sa.UniqueConstraint(
            "owner_id", "document_key", "kind", "at", name=op.f("uq_titlechange_owner_id_document_key_kind_at")
        ),
    )
