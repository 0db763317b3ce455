"""Courts that went quiet, and which of their silences was reviewed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "quiet_courts", sa.Column("court", sa.String, primary_key=True),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("notice", "reviewed")),
    )  # fmt: skip


def downgrade() -> None:
    """Forget it."""
    op.drop_table("quiet_courts")
