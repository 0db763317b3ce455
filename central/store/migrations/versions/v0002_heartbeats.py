"""What terminals tell of themselves."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the tables of heartbeats."""
    op.create_table(
        "heartbeats", _key(), *map(_big, ("sent_at", "received_at")), sa.Column("version", sa.String, nullable=False),
        _small("reader"), *map(_big, ("queue", "oldest_s")), sa.Column("clock_offset_s", sa.BigInteger),
        _big("free_disk_mib"),
    )  # fmt: skip
    op.create_table(
        "heartbeat_slots", sa.Column("slot", sa.Integer, primary_key=True, autoincrement=False), _key(),
        *map(_small, ("beats", "reader_down")), *map(_big, ("queue", "oldest_s", "clock_offset_s", "free_disk_mib")),
    )  # fmt: skip


def downgrade() -> None:
    """Forget the heartbeats."""
    op.drop_table("heartbeat_slots")
    op.drop_table("heartbeats")


def _key() -> sa.Column[object]:
    return sa.Column("terminal", sa.LargeBinary, primary_key=True)


def _big(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.BigInteger, nullable=False)


def _small(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.Integer, nullable=False)
