"""The audit log."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
_TABLES = ("audit_leaves", "audit_entries", "audit_subtrees", "audit_checkpoints")


def upgrade() -> None:
    """Make its tables."""
    op.create_table("audit_leaves", _key("number"), _value("commitment", sa.LargeBinary))
    texts = (_value(name, sa.String) for name in ("actor", "act", "subject"))
    op.create_table(
        "audit_entries", _key("number"), _value("time", sa.BigInteger), *texts, _value("salt", sa.LargeBinary)
    )
    level = sa.Column("level", sa.Integer, primary_key=True, autoincrement=False)
    op.create_table("audit_subtrees", level, _key("number"), _value("hash", sa.LargeBinary))
    op.create_table("audit_checkpoints", _key("size"), _value("made_at", sa.BigInteger), _value("note", sa.String))


def downgrade() -> None:
    """Forget it."""
    for name in reversed(_TABLES):
        op.drop_table(name)


def _key(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, primary_key=True, autoincrement=False)


def _value(name: str, kind: type[sa.types.TypeEngine[Any]]) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False)
