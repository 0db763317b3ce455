"""Venues, the stations and districts that they belong to, and their hand-over."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Make the tables of areas and venues."""
    op.create_table("areas", _key("id"), _bytes("parent"), *map(_text, ("kind", "name")))
    op.create_index("areas_by_parent", "areas", ["parent", "name"], unique=True)
    op.create_table(
        "venues", _key("id"), *map(_text, ("licence", "kind", "name", "address")),
        *(sa.Column(name, sa.Integer) for name in ("latitude", "longitude")),
        sa.Column("rooms", sa.Integer, nullable=False), _bytes("station"),
        sa.Column("is_closed", sa.Boolean, nullable=False), sa.Column("changed_at", sa.BigInteger, nullable=False),
    )  # fmt: skip
    op.create_index("venues_by_licence", "venues", ["licence"], unique=True)
    op.create_index("venues_by_station", "venues", ["station"])
    op.create_table(
        "venue_moves", _key("venue"), _bytes("station"), _text("proposed_by"),
        sa.Column("proposed_at", sa.BigInteger, nullable=False),
    )  # fmt: skip


def downgrade() -> None:
    """Forget venues and areas."""
    for name in ("venue_moves", "venues", "areas"):
        op.drop_table(name)


def _key(name: str) -> sa.Column[bytes]:
    return sa.Column(name, sa.LargeBinary, primary_key=True)


def _bytes(name: str) -> sa.Column[bytes]:
    return sa.Column(name, sa.LargeBinary, nullable=False)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String, nullable=False)
