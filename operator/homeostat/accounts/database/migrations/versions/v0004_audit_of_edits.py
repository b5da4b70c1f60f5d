"""The audit of edits: whose they are, by which token, how often something was refused, and how far the edits are noted."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Adds the columns, the indexes, and the table of positions."""
    op.add_column("audit", sa.Column("author", sa.String(253), nullable=False, server_default=""))
    op.add_column("audit", sa.Column("token", sa.String(63), nullable=False, server_default=""))
    op.add_column("audit", sa.Column("count", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("audit", sa.Column("last", sa.BigInteger(), nullable=True))
    op.drop_index("ix_audit_account", "audit")
    op.create_index("ix_audit_account_at", "audit", ["account", "at"])
    op.create_index("ix_audit_outcome_id", "audit", ["outcome", "id"])
    op.add_column("deeds", sa.Column("token", sa.String(63), nullable=False, server_default=""))
    op.create_table(
        "edit_positions",
        sa.Column("source", sa.String(64), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("source", name="pk_edit_positions"),
    )
