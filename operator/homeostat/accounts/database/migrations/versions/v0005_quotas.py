"""Limits of roles and accounts, and what accounts are charged for."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

MEASURES = ("machines", "running", "vcpus", "memory", "disk", "snapshots", "uploads", "consoles")


def upgrade() -> None:
    """Makes both tables."""
    op.create_table(
        "quotas",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account", sa.Integer(), nullable=True),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("measure", sa.String(16), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["account"], ["accounts.id"], name="fk_quotas_account", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_quotas"),
        sa.UniqueConstraint("account", "role", "measure", name="uq_quotas_account"),
    )
    op.create_index("ix_quotas_account", "quotas", ["account"])
    op.create_table(
        "charges",
        sa.Column("kind", sa.String(63), nullable=False),
        sa.Column("namespace", sa.String(63), nullable=False),
        sa.Column("name", sa.String(253), nullable=False),
        sa.Column("account", sa.Integer(), nullable=False),
        *(sa.Column(measure, sa.BigInteger(), nullable=False) for measure in MEASURES),
        sa.Column("claim", sa.String(16), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account"], ["accounts.id"], name="fk_charges_account", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("kind", "namespace", "name", name="pk_charges"),
    )
    op.create_index("ix_charges_account", "charges", ["account"])
