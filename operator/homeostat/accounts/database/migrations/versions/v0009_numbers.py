"""Numbers that contracts give to things, each once."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Makes the table of numbers."""
    op.create_table(
        "numbers",
        sa.Column("book", sa.String(63), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("thing", sa.String(253), nullable=False),
        sa.PrimaryKeyConstraint("book", "number", name="pk_numbers"),
        sa.UniqueConstraint("book", "thing", name="uq_numbers_book"),
    )
