"""The audit log."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
_TABLES = ("audit_leaves", "audit_entries", "audit_subtrees", "audit_checkpoints")


def upgrade() -> None:
    """Make the tables of the audit log."""
    op.create_table("audit_leaves", _key("number", sa.BigInteger), _bytes("commitment"))
    op.create_table(
        "audit_entries", _key("number", sa.BigInteger), _big("time"), *map(_text, ("actor", "act", "subject")),
        _bytes("salt"),
    )  # fmt: skip
    op.create_table("audit_subtrees", _key("level", sa.Integer), _key("number", sa.BigInteger), _bytes("hash"))
    op.create_table("audit_checkpoints", _key("size", sa.BigInteger), _big("made_at"), _text("note"))


def downgrade() -> None:
    """Forget the audit log."""
    for name in reversed(_TABLES):
        op.drop_table(name)


def _key(name: str, kind: type[sa.Integer]) -> sa.Column[int]:
    return sa.Column(name, kind, primary_key=True, autoincrement=False)


def _big(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.BigInteger, nullable=False)


def _bytes(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.LargeBinary, nullable=False)


def _text(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.String, nullable=False)
