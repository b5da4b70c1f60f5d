"""Tickets for consoles, and who has one open."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Makes the tables of consoles and of their tickets."""
    op.create_table(
        "console_tickets",
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("expires", sa.BigInteger(), nullable=False),
        sa.Column("how", sa.String(16), nullable=False),
        sa.Column("account", sa.String(63), nullable=False),
        sa.Column("session", sa.String(32), nullable=False),
        sa.Column("token", sa.String(63), nullable=False),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("namespace", sa.String(63), nullable=False),
        sa.Column("machine", sa.String(253), nullable=False),
        sa.Column("uid", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("mode", sa.String(16), nullable=False),
        sa.PrimaryKeyConstraint("hash", name="pk_console_tickets"),
    )
    op.create_index("ix_console_tickets_expires", "console_tickets", ["expires"])
    op.create_table(
        "consoles",
        sa.Column("id", sa.String(16), nullable=False),
        sa.Column("server", sa.String(16), nullable=False),
        sa.Column("how", sa.String(16), nullable=False),
        sa.Column("account", sa.String(63), nullable=False),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("namespace", sa.String(63), nullable=False),
        sa.Column("machine", sa.String(253), nullable=False),
        sa.Column("uid", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("mode", sa.String(16), nullable=False),
        sa.Column("controls", sa.Boolean(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("seen", sa.BigInteger(), nullable=False),
        sa.Column("ended", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_consoles"),
    )
    op.create_index("ix_consoles_account", "consoles", ["account"])
    op.create_index("ix_consoles_machine", "consoles", ["namespace", "machine"])
    op.create_index("ix_consoles_seen", "consoles", ["seen"])
    op.create_index("ix_consoles_server", "consoles", ["server"])
