"""A pushed request may come again under its idempotency key."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.add_column("pushedrequest", sa.Column("idempotency_key", sa.String(), nullable=True))
    op.add_column("pushedrequest", sa.Column("fingerprint", sa.LargeBinary(), nullable=True))
    unique = op.f("uq_pushedrequest_client_id_idempotency_key")
    op.create_unique_constraint(unique, "pushedrequest", ["client_id", "idempotency_key"])
