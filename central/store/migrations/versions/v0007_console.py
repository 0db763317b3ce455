"""What the administrators' console shows of the fleet and the keeper."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Make the tables of totals and of the keeper's latest pass."""
    op.create_table("received", _key("slot"), sa.Column("records", sa.BigInteger, nullable=False))
    op.create_table(
        "fleet_slots", _key("slot"), *(sa.Column(name, sa.Integer, nullable=False) for name in ("heard", "silent")),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("queue", "oldest_s")),
        sa.Column("records", sa.BigInteger),
    )  # fmt: skip
    op.create_table(
        "keeper_pass", _key("id"), sa.Column("passed_at", sa.BigInteger, nullable=False),
        sa.Column("keys_until", sa.Integer), sa.Column("second_copy", sa.String, nullable=False),
    )  # fmt: skip


def downgrade() -> None:
    """Forget them; they are made anew from what comes."""
    for name in ("keeper_pass", "fleet_slots", "received"):
        op.drop_table(name)


def _key(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.Integer, primary_key=True, autoincrement=False)
