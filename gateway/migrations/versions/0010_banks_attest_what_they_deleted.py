"""Banks attest what they deleted or keep under a law; a duty to delete is known for each version, and when overdue."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.create_table(
        "attestation",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("consent_id", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("bank_id", sa.String(), nullable=False),
        sa.Column("jti", sa.String(), nullable=False),
        sa.Column("jws", sa.String(), nullable=False),
        sa.Column("key", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("pulled_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("law", sa.String(), nullable=True),
        sa.Column("retained_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["bank_id"], ["participant.id"], name=op.f("fk_attestation_bank_id")),
        sa.ForeignKeyConstraint(["consent_id"], ["consent.id"], name=op.f("fk_attestation_consent_id")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_attestation")),
        sa.UniqueConstraint("bank_id", "jti", name=op.f("uq_attestation_bank_id_jti")),
        sa.UniqueConstraint("id", name=op.f("uq_attestation_id")),
    )
    op.create_index("ix_attestation_of_version", "attestation", ["consent_id", "version", "number"])
    op.drop_constraint(op.f("pk_deletionduty"), "deletionduty")
    op.drop_constraint(op.f("fk_deletionduty_consent_id"), "deletionduty")
    op.alter_column("deletionduty", "told_until", new_column_name="looked_at")
    op.alter_column("deletionduty", "next_at", nullable=True)
    op.add_column("deletionduty", sa.Column("version", sa.Integer(), nullable=True))
    op.add_column("deletionduty", sa.Column("overdue_since", sa.DateTime(timezone=True), nullable=True))
    # Each version under which something was pulled, or still may be, has a duty of its own from now on; what fell due
    # before and was told of is looked at once more, for nothing is attested of it.
    op.execute(
        """
        INSERT INTO deletionduty (consent_id, version, looked_at, next_at)
        SELECT v.consent_id, v.version, coalesce(d.looked_at, now()), now()
        FROM consentversion v LEFT JOIN deletionduty d ON d.consent_id = v.consent_id
        WHERE d.consent_id IS NOT NULL OR EXISTS (
            SELECT FROM receipt r WHERE r.consent_id = v.consent_id AND r.version = v.version)
        """
    )
    op.execute("DELETE FROM deletionduty WHERE version IS NULL")
    op.alter_column("deletionduty", "version", nullable=False)
    op.create_primary_key(op.f("pk_deletionduty"), "deletionduty", ["consent_id", "version"])
    op.create_foreign_key(
        op.f("fk_deletionduty_version"),
        "deletionduty",
        "consentversion",
        ["consent_id", "version"],
        ["consent_id", "version"],
    )
    op.create_index(
        "ix_deletionduty_overdue",
        "deletionduty",
        ["overdue_since"],
        postgresql_where=sa.text("overdue_since IS NOT NULL"),
    )
