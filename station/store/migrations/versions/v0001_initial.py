"""Alerts and their events, permits, withdrawals, letters, counts, accounts, the audit log."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
_TABLES = (
    "alerts", "events", "marks", "permits", "stops", "withdrawn", "letters", "counts", "accounts", "account_roles",
    "recovery_codes", "sessions", "attempts", "audit_leaves", "audit_entries", "audit_subtrees", "audit_checkpoints",
)  # fmt: skip


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "alerts", sa.Column("id", sa.LargeBinary, primary_key=True), *map(_text, ("state", "verdict")),
        _big("raised_at"), _text("holder"), sa.Column("accepted_at", sa.BigInteger),
        sa.Column("ended_at", sa.BigInteger), *map(_text, ("outcome", "ended_because")),
        sa.Column("slot", sa.Integer, nullable=False), _bytes("locked"),
    )  # fmt: skip
    op.create_index("alerts_by_state", "alerts", ["state", "raised_at"])
    op.create_table("events", _key("number", sa.BigInteger), _bytes("alert"), _text("state"), _big("at"))
    op.create_table("marks", sa.Column("mark", sa.LargeBinary, primary_key=True), _big("forget_at"))
    op.create_table("permits", _key("number", sa.BigInteger), _text("note"), _big("forget_at"))
    op.create_table("stops", _key("permit", sa.BigInteger), _text("note"), _big("forget_at"))
    op.create_table(
        "withdrawn", sa.Column("leaf", sa.LargeBinary, primary_key=True),
        sa.Column("court", sa.String, primary_key=True), _big("forget_at"),
    )  # fmt: skip
    op.create_table("letters", sa.Column("id", sa.LargeBinary, primary_key=True), _bytes("body"), _big("made_at"))
    op.create_table(
        "counts", sa.Column("day", sa.String, primary_key=True), sa.Column("name", sa.String, primary_key=True),
        _big("n"),
    )  # fmt: skip
    _make_accounts()
    _make_audit()


def downgrade() -> None:
    """Forget all of it."""
    for name in reversed(_TABLES):
        op.drop_table(name)


def _make_accounts() -> None:
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


def _make_audit() -> None:
    op.create_table("audit_leaves", _key("number", sa.BigInteger), _bytes("commitment"))
    op.create_table(
        "audit_entries", _key("number", sa.BigInteger), _big("time"), *map(_text, ("actor", "act", "subject")),
        _bytes("salt"),
    )  # fmt: skip
    op.create_table("audit_subtrees", _key("level", sa.Integer), _key("number", sa.BigInteger), _bytes("hash"))
    op.create_table("audit_checkpoints", _key("size", sa.BigInteger), _big("made_at"), _text("note"))


def _key(name: str, kind: type[sa.Integer]) -> sa.Column[int]:
    return sa.Column(name, kind, primary_key=True, autoincrement=False)


def _big(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=False)


def _bytes(name: str) -> sa.Column[bytes]:
    return sa.Column(name, sa.LargeBinary, nullable=False)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String, nullable=False)
