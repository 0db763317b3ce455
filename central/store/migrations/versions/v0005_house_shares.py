"""What central adds to each terminal's own secret, so that its list of guests in house opens."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make the table of house shares."""
    op.create_table(
        "house_shares",
        sa.Column("terminal", sa.LargeBinary, primary_key=True),
        sa.Column("share", sa.LargeBinary, nullable=False),
        sa.Column("asked_at", sa.BigInteger, nullable=False),
    )


def downgrade() -> None:
    """Forget the shares: the lists of all terminals that are not open at the moment stay closed for good."""
    op.drop_table("house_shares")
