"""What each terminal has spent of what it may send."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Make the table of allowances."""
    op.create_table(
        "allowances",
        sa.Column("terminal", sa.LargeBinary, primary_key=True),
        sa.Column("spent_until_ms", sa.BigInteger, nullable=False),
    )


def downgrade() -> None:
    """Forget what was spent."""
    op.drop_table("allowances")
