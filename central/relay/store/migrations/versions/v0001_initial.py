"""Sealed alerts, letters, notices."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "alerts", sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("alert_tag", sa.LargeBinary, nullable=False, unique=True),
        *map(_bytes, ("handle", "day_key_id", "place_key_id")), sa.Column("permit", sa.BigInteger, nullable=False),
        *map(_bytes, ("block", "place", "venue")), sqlite_autoincrement=True,
    )  # fmt: skip
    op.create_table(
        "letters", sa.Column("id", sa.Integer, primary_key=True), sa.Column("receiver", sa.String, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False, unique=True), _bytes("letter"), sqlite_autoincrement=True,
    )  # fmt: skip
    op.create_index("letters_by_receiver", "letters", ["receiver", "id"])
    op.create_table("notices", sa.Column("name", sa.String, primary_key=True), _bytes("content"))
    op.create_table(
        "ticks", sa.Column("id", sa.Integer, primary_key=True), sa.Column("count", sa.BigInteger, nullable=False)
    )


def downgrade() -> None:
    """Forget all of it."""
    for name in ("ticks", "notices", "letters", "alerts"):
        op.drop_table(name)


def _bytes(name: str) -> sa.Column[bytes]:
    return sa.Column(name, sa.LargeBinary, nullable=False)
