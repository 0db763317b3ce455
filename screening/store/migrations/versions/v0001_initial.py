"""Lists and decisions, their endings, suppressions, handles, counts."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
_TABLES = (
    "versions", "version_leaves", "decisions", "endings", "outcomes", "suppressions", "handles", "permits",
    "counts",
)  # fmt: skip


def upgrade() -> None:
    """Make the tables."""
    _make_lists()
    op.create_table("outcomes", _key("alert", sa.LargeBinary), _bytes("leaf"), _text("outcome"))
    op.create_index("outcomes_by_leaf", "outcomes", ["leaf"])
    op.create_table(
        "suppressions", sa.Column("id", sa.Integer, primary_key=True), _bytes("leaf"),
        sa.Column("mark", sa.LargeBinary, nullable=False, unique=True), _text("approved"), sqlite_autoincrement=True,
    )  # fmt: skip
    op.create_index("suppressions_by_leaf", "suppressions", ["leaf"])
    op.create_table(
        "handles", _key("hash", sa.LargeBinary), *map(_big, ("permit", "hour")), *map(_small, ("tries", "is_closed"))
    )
    op.create_index("handles_by_hour", "handles", ["hour"])
    op.create_index("handles_by_permit", "handles", ["permit"])
    op.create_table("permits", _key("number", sa.BigInteger), _small("is_stopped"))
    op.create_table("counts", _key("day", sa.Integer), _key("name", sa.String), _big("count"))


def downgrade() -> None:
    """Forget all of it."""
    for name in reversed(_TABLES):
        op.drop_table(name)


def _make_lists() -> None:
    op.create_table(
        "versions", _key("number", sa.BigInteger), _bytes("root"), *map(_text, ("list_note", "imported", "activated")),
        _small("activated_day"),
    )  # fmt: skip
    op.create_table("version_leaves", _key("number", sa.BigInteger), _key("leaf", sa.LargeBinary))
    op.create_table("decisions", _key("leaf", sa.LargeBinary), _text("note"))
    op.create_table("endings", _key("leaf", sa.LargeBinary), *map(_text, ("reason", "note")))


def _key(name: str, kind: type[sa.types.TypeEngine[Any]]) -> sa.Column[Any]:
    return sa.Column(name, kind, primary_key=True, autoincrement=False)


def _big(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=False)


def _small(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, nullable=False)


def _bytes(name: str) -> sa.Column[bytes]:
    return sa.Column(name, sa.LargeBinary, nullable=False)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String, nullable=False)
