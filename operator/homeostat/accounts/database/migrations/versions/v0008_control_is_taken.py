"""How often a console took control, so that the server that serves it notices each time."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Adds the count to the consoles that are open."""
    op.add_column("consoles", sa.Column("taken", sa.Integer(), nullable=False, server_default="0"))
