"""Notices to terminals, and which of them were read."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Make the table, and the column of the last heartbeats."""
    op.create_table(
        "notices",
        sa.Column("terminal", sa.LargeBinary, primary_key=True),
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        *(sa.Column(name, sa.Integer, nullable=False) for name in ("kind", "field")),
        sa.Column("moment", sa.BigInteger),
        sa.Column("minutes", sa.Integer, nullable=False),
        sa.Column("record", sa.LargeBinary, nullable=False),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("issued_at", "expires_at")),
        sa.Column("sent_by", sa.String, nullable=False),
    )
    op.add_column("heartbeats", sa.Column("notice_seen", sa.BigInteger, nullable=False, server_default="0"))


def downgrade() -> None:
    """Forget the notices; terminals keep what they have."""
    op.drop_column("heartbeats", "notice_seen")
    op.drop_table("notices")
