"""An owner may require two people: what the first signed waits for the second; a bank comes back for what was given."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column("participant", sa.Column("people_required", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("pushedrequest", sa.Column("resumes", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_table(
        "pendingapproval",
        sa.Column("consent_id", sa.String(), nullable=False),
        sa.Column("draft_id", sa.String(), nullable=False),
        sa.Column("maker_id", sa.String(), nullable=False),
        sa.Column("asked", postgresql.JSONB(), nullable=False),
        sa.Column("terms", postgresql.JSONB(), nullable=False),
        sa.Column("signed", postgresql.JSONB(), nullable=False),
        sa.Column("notice", sa.String(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("signature", postgresql.JSONB(), nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["consent_id"], ["consent.id"], name=op.f("fk_pendingapproval_consent_id")),
        sa.ForeignKeyConstraint(["maker_id"], ["person.id"], name=op.f("fk_pendingapproval_maker_id")),
        sa.PrimaryKeyConstraint("consent_id", name=op.f("pk_pendingapproval")),
    )
