"""What came of alerts: settled ones, second looks, tallies of decisions and courts, figures of months."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
_TABLES = ("settled_alerts", "second_looks", "decision_tallies", "court_tallies", "figures")


def upgrade() -> None:
    """Make the tables."""
    op.create_table("settled_alerts", _key("alert", sa.LargeBinary()))
    op.create_table("second_looks", _key("alert", sa.LargeBinary()), _text("officer"), _yes_or_no("is_agreed"))
    op.create_table(
        "decision_tallies", _key("leaf", sa.LargeBinary()), _big("other_person"), *_make_tally(), _big("forget_at")
    )
    op.create_table("court_tallies", _key("court", sa.String()), _big("closed"), *_make_tally(), _big("notice"))
    op.create_table("figures", *(_key(name, sa.String()) for name in ("month", "station", "name")), _big("n"))


def downgrade() -> None:
    """Forget all of it."""
    for name in reversed(_TABLES):
        op.drop_table(name)


def _make_tally() -> tuple[sa.Column[int], sa.Column[str], sa.Column[bool], sa.Column[str]]:
    return _big("false"), _text("first_officer"), _yes_or_no("is_of_two"), _text("quiet_on")


def _key(name: str, kind: sa.types.TypeEngine[Any]) -> sa.Column[Any]:
    return sa.Column(name, kind, primary_key=True)


def _big(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=False)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String, nullable=False)


def _yes_or_no(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean, nullable=False)
