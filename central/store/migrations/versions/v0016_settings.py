"""Remote settings of terminals, and what each said last to be in force."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Make table and column."""
    op.create_table(
        "terminal_settings",
        sa.Column("terminal", sa.LargeBinary, primary_key=True),
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        *(sa.Column(name, sa.String, nullable=False) for name in ("language", "log_level", "disk_warning")),
        sa.Column("least_key", sa.BigInteger, nullable=False),
        sa.Column("set_by", sa.String, nullable=False),
        sa.Column("set_at", sa.BigInteger, nullable=False),
        sa.Column("confirmed_at", sa.BigInteger),
    )
    op.add_column("heartbeats", sa.Column("settings", sa.BigInteger, nullable=False, server_default="0"))


def downgrade() -> None:
    """Forget them; terminals keep what they have."""
    op.drop_column("heartbeats", "settings")
    op.drop_table("terminal_settings")
