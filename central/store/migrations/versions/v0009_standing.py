"""Suspended terminals that somebody asks to let work again, and security events that somebody looked into."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Make both tables. A terminal's state may now be "suspended" or "replaced", too."""
    op.create_table(
        "lift_requests",
        sa.Column("terminal", sa.LargeBinary, primary_key=True),
        sa.Column("asked_by", sa.String, nullable=False),
        sa.Column("asked_at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "settled_events",
        sa.Column("event", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("finding", sa.String, nullable=False),
        sa.Column("settled_by", sa.String, nullable=False),
        sa.Column("settled_at", sa.BigInteger, nullable=False),
    )


def downgrade() -> None:
    """Go back to two states: what was not active is revoked, which lets nobody in who was out."""
    op.execute("UPDATE terminals SET state = 'revoked' WHERE state <> 'active'")
    op.drop_table("settled_events")
    op.drop_table("lift_requests")
