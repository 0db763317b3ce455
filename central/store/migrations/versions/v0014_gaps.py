"""Gaps in terminals' numbers, what the keeper destroys next, and finding entries of the audit log by what was done."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Make table, column and index."""
    op.create_table(
        "number_gaps",
        sa.Column("terminal", sa.LargeBinary, primary_key=True),
        sa.Column("generation", sa.BigInteger, primary_key=True, autoincrement=False),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("missing", "since", "explained")),
        sa.Column("settled_by", sa.String),
        sa.Column("settled_at", sa.BigInteger),
    )
    op.add_column("keeper_pass", sa.Column("next_due", sa.Integer))
    op.create_index("audit_entries_by_act", "audit_entries", ["act", "number"])


def downgrade() -> None:
    """Forget them."""
    op.drop_index("audit_entries_by_act", "audit_entries")
    op.drop_column("keeper_pass", "next_due")
    op.drop_table("number_gaps")
