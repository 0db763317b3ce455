"""Which station an alert belongs to, its steps, the timers' times, and which officer belongs where."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add them. What was there belongs to no station yet: the process's next start gives it to the supervising one."""
    # With defaults for the rows that are there; what is written from now on says all of it.
    for column in (
        _text("station"), _yes_or_no("is_known_venue", sa.true()), _yes_or_no("is_supervised", sa.false()),
        sa.Column("since", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("level", sa.Integer, nullable=False, server_default="0"),
        _text("offered_to"), _yes_or_no("is_told", sa.true()),
    ):  # fmt: skip
        op.add_column("alerts", column)
    op.execute("UPDATE alerts SET since = coalesce(accepted_at, raised_at)")
    for column in (_text("station"), _yes_or_no("is_supervised", sa.false())):
        op.add_column("events", column)
    op.create_table(
        "steps", sa.Column("alert", sa.LargeBinary, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        *(sa.Column(name, sa.String, nullable=False) for name in ("step", "officer", "other")),
        sa.Column("at", sa.BigInteger, nullable=False), sa.Column("locked", sa.LargeBinary),
    )  # fmt: skip
    op.create_table(
        "postings", sa.Column("account", sa.String, primary_key=True), sa.Column("station", sa.String, nullable=False)
    )


def downgrade() -> None:
    """Forget them."""
    op.drop_table("postings")
    op.drop_table("steps")
    for table, names in (
        ("events", ("is_supervised", "station")),
        ("alerts", ("is_told", "offered_to", "level", "since", "is_supervised", "is_known_venue", "station")),
    ):
        for name in names:
            op.drop_column(table, name)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String, nullable=False, server_default="")


def _yes_or_no(name: str, default: sa.True_ | sa.False_) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean, nullable=False, server_default=default)
