"""Which of several processes keeps house."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "keeping",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("holder", sa.LargeBinary, nullable=False),
        sa.Column("turn", sa.BigInteger, nullable=False),
        sa.Column("has_room", sa.Boolean, nullable=False),
        sa.Column("folder", sa.LargeBinary, nullable=False),
    )


def downgrade() -> None:
    """Forget it."""
    op.drop_table("keeping")
