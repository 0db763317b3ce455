"""Keys of terminals beside the present one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Make the table. Whoever has not renewed has no row in it."""
    op.create_table(
        "terminal_keys",
        sa.Column("terminal", sa.LargeBinary, primary_key=True),
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("public_key", sa.LargeBinary, nullable=False),
        sa.Column("standing", sa.String, nullable=False),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("ended_at", sa.BigInteger),
        sa.Column("renewal", sa.LargeBinary),
    )


def downgrade() -> None:
    """Forget the keys that ended: what they signed cannot be checked by others any more."""
    op.drop_table("terminal_keys")
