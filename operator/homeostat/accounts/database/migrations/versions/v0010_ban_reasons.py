"""Why an account was banned, for whoever it is."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Adds the reason to the accounts."""
    op.add_column("accounts", sa.Column("ban_reason", sa.String(500), nullable=False, server_default=""))
