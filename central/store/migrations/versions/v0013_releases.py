"""Releases that are passed on to terminals."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "releases",
        sa.Column("version", sa.String, primary_key=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("note", "proof")),
        sa.Column("wheel", sa.String, nullable=False),
        sa.Column("added_at", sa.BigInteger, nullable=False),
        sa.Column("ring", sa.Integer, nullable=False),
        sa.Column("opened_by", sa.String, nullable=False),
    )


def downgrade() -> None:
    """Forget the releases; the terminals keep theirs."""
    op.drop_table("releases")
