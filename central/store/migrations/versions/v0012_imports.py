"""Drafts of imports, and the days of the report."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "import_drafts", sa.Column("id", sa.LargeBinary, primary_key=True),
        sa.Column("account", sa.String, nullable=False), sa.Column("made_at", sa.BigInteger, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )  # fmt: skip
    op.create_table(
        "report_days", sa.Column("day", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("is_summed", sa.Boolean, nullable=False), sa.Column("received", sa.BigInteger),
        *(sa.Column(name, sa.Integer) for name in ("within_minute", "within_hour", "within_day")),
        sa.Column("deleted", sa.BigInteger),
    )  # fmt: skip


def downgrade() -> None:
    """Forget drafts and days."""
    for name in ("report_days", "import_drafts"):
        op.drop_table(name)
