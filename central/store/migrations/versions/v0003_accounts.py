"""The accounts of the console's administrators."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
_TABLES = ("accounts", "account_roles", "recovery_codes", "sessions", "attempts")


def upgrade() -> None:
    """Make the tables of accounts."""
    op.create_table(
        "accounts", sa.Column("name", sa.String, primary_key=True), _text("password"),
        sa.Column("one_time_until", sa.BigInteger), sa.Column("factor", sa.LargeBinary), _big("last_step"),
        _text("language"), sa.Column("is_enabled", sa.Boolean, nullable=False), _big("made_at"),
    )  # fmt: skip
    op.create_table(
        "account_roles",
        sa.Column("account", sa.String, primary_key=True),
        sa.Column("role", sa.String, primary_key=True),
    )
    op.create_table(
        "recovery_codes", sa.Column("account", sa.String, primary_key=True),
        sa.Column("digest", sa.LargeBinary, primary_key=True),
    )  # fmt: skip
    op.create_table(
        "sessions", sa.Column("digest", sa.LargeBinary, primary_key=True), *map(_text, ("account", "standing")),
        *map(_big, ("opened_at", "seen_at")), _text("browser"), _big("tries"),
        sa.Column("pending_factor", sa.LargeBinary),
    )  # fmt: skip
    op.create_table(
        "attempts", sa.Column("subject", sa.LargeBinary, primary_key=True), *map(_big, ("failures", "last_at"))
    )
    op.create_index("sessions_by_account", "sessions", ["account"])
    op.create_index("sessions_by_time", "sessions", ["seen_at"])
    op.create_index("attempts_by_time", "attempts", ["last_at"])


def downgrade() -> None:
    """Forget the accounts."""
    for name in reversed(_TABLES):
        op.drop_table(name)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String, nullable=False)


def _big(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=False)
