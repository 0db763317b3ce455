"""One-time codes for new terminals."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Make the table of enrolments."""
    op.create_table(
        "enrolments",
        sa.Column("id", sa.LargeBinary, primary_key=True),
        sa.Column("code_key", sa.LargeBinary, nullable=False, unique=True),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("venue", sa.LargeBinary, nullable=False),
        *(sa.Column(name, sa.String, nullable=False) for name in ("venue_name", "venue_address", "venue_kind")),
        sa.Column("replaces", sa.LargeBinary),
        sa.Column("issued_by", sa.String, nullable=False),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("issued_at", "good_until")),
        *(sa.Column(name, sa.LargeBinary) for name in ("terminal", "request")),
        sa.Column("decided_by", sa.String),
        sa.Column("decided_at", sa.BigInteger),
    )
    op.create_index("enrolments_by_time", "enrolments", ["issued_at"])
    op.create_index("enrolments_by_terminal", "enrolments", ["terminal"])


def downgrade() -> None:
    """Forget who enrolled what; the audit log still has it."""
    op.drop_table("enrolments")
