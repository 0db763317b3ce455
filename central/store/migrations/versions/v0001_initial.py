"""The tables of the first release."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
_TABLES = (
    "terminals", "envelopes", "runs", "records", "replaced", "tombstones", "hand_overs", "counts", "security_events",
    "named_keys",
)  # fmt: skip


def upgrade() -> None:
    """Make the tables. Those of a data folder from before there were migrations are taken as they are."""
    _create(
        "terminals", _key("id"), _bytes("venue"), _bytes("public_key"), sa.Column("state", sa.String, nullable=False)
    )
    _create("envelopes", *_number(primary_key=True), *map(_bytes, ("record", "digest", "receipt")), *_kept())
    _create("runs", _key("terminal"), _big_key("generation"), _big_key("first"), _big("last"))
    _create(
        "records", _key("terminal"), _key("record"), _big("generation"), _big("sequence"),
        *map(_bytes, ("venue", "stay_tag", "digest", "part_digest")), _big("captured_at"), *_kept(), _bytes("locked"),
    )  # fmt: skip
    _create("replaced", _key("terminal"), _key("record"), _key("stay_tag"), _day("expiry_day"))
    _create("tombstones", _key("stay_tag"), _day("deleted_on"))
    _create(
        "hand_overs", _key("order_digest"), _day("day"), sa.Column("order_number", sa.String, nullable=False),
        _bytes("venue"), *map(_day, ("first_day", "last_day", "records")),
    )  # fmt: skip
    _create(
        "counts", sa.Column("day", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("name", sa.String, primary_key=True), _big("count"),
    )  # fmt: skip
    _create(
        "security_events", sa.Column("id", sa.Integer, primary_key=True), sa.Column("kind", sa.String, nullable=False),
        *_number(primary_key=False), _big("seen_at"),
    )  # fmt: skip
    _create(
        "named_keys", sa.Column("jurisdiction", sa.String, primary_key=True), _key("court_key"), _key("oversight_key"),
        _big("named_at"),
    )  # fmt: skip
    for name, table, columns in (
        ("envelopes_by_expiry", "envelopes", ["expiry_day"]),
        ("records_by_stay", "records", ["stay_tag"]),
        ("records_by_venue", "records", ["venue", "captured_at"]),
        ("records_by_expiry", "records", ["expiry_day"]),
        ("replaced_by_expiry", "replaced", ["expiry_day"]),
        ("tombstones_by_day", "tombstones", ["deleted_on"]),
        ("hand_overs_by_day", "hand_overs", ["day"]),
    ):
        op.create_index(name, table, columns, if_not_exists=True)


def downgrade() -> None:
    """Leave nothing."""
    for name in reversed(_TABLES):
        op.drop_table(name)


def _create(name: str, *columns: sa.Column[object]) -> None:
    op.create_table(name, *columns, if_not_exists=True)


def _key(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.LargeBinary, primary_key=True)


def _bytes(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.LargeBinary, nullable=False)


def _big(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.BigInteger, nullable=False)


def _big_key(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.BigInteger, primary_key=True, autoincrement=False)


def _day(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.Integer, nullable=False)


def _kept() -> tuple[sa.Column[object], ...]:
    return _big("received_at"), _day("expiry_day")


def _number(*, primary_key: bool) -> tuple[sa.Column[object], ...]:
    if primary_key:
        return _key("terminal"), _big_key("generation"), _big_key("sequence")
    return _bytes("terminal"), _big("generation"), _big("sequence")
