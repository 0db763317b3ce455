"""The days of the report: what the keeper counts over all houses together, in a form that tells of no single one.

A figure is written only where at least five houses make it and none of them makes more than half, and it is rounded
to tens. It is written once and never again, so that two reports, or a day and its neighbour, differ by nothing that
one house did. There are no figures by area: beside the whole's they would tell of what is left.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, case, delete, func, select, update

from central.store.base import Connection, make_upsert
from central.store.schema import place_tables, records
from central.store.totals import FEWEST_HOUSES

ROUNDED_TO = 10
FEWEST_FOR_SHARES = 100  # records, below which one of them would move a share by a step
SHARE_STEP = 5  # per cent
KEEP_DAYS = 1100
_MOST_OF_ONE = 2  # no house makes more than one half
_DAYS = place_tables.report_days
_LIMITS_S = {"within_minute": 60, "within_hour": 3600, "within_day": 86_400}


@dataclass(frozen=True, slots=True)
class ReportDay:
    """One day, UTC; figures are None where they would tell of too few houses. Shares are per cent, rounded down."""

    day: int
    received: int | None
    within_minute: int | None
    within_hour: int | None
    within_day: int | None
    deleted: int | None


def sum_up_day(connection: Connection, day: int, expiry_day: int) -> bool:
    """Count the records of a day that is over, by their expiry day; False where it was counted before."""
    if connection.execute(select(_DAYS.c.is_summed).where(_DAYS.c.day == day)).scalar_one_or_none():
        return False
    delay = records.c.received_at - records.c.captured_at
    sums = [func.sum(case((delay <= limit, 1), else_=0)).label(name) for name, limit in _LIMITS_S.items()]
    by_house = select(func.count().label("records"), *sums).where(records.c.expiry_day == expiry_day)
    rows = connection.execute(by_house.group_by(records.c.venue)).all()
    received = hide_few([row.records for row in rows])
    values: dict[str, Any] = {"is_summed": True, "received": received}
    if received is not None:
        values |= _compute_shares(rows)
    statement = make_upsert(connection, _DAYS).values(day=day, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["day"], set_=values))
    connection.execute(delete(_DAYS).where(_DAYS.c.day < day - KEEP_DAYS))
    return True


def count_due(connection: Connection, today: int) -> list[int]:
    """Return how many records are due for deletion, by house and without saying which."""
    due = select(func.count()).where(records.c.expiry_day <= today).group_by(records.c.venue)
    return list(connection.execute(due).scalars())


def add_deleted(connection: Connection, day: int, by_house: Sequence[int]) -> None:
    """Add to the deletions of a day what one pass has deleted."""
    deleted = hide_few(by_house)
    if deleted is None:
        return
    new = make_upsert(connection, _DAYS).values(day=day, is_summed=False, deleted=0).on_conflict_do_nothing()
    connection.execute(new)
    total = func.coalesce(_DAYS.c.deleted, 0) + deleted
    connection.execute(update(_DAYS).where(_DAYS.c.day == day).values(deleted=total))


def load_report_days(connection: Connection, first: int, last: int) -> list[ReportDay]:
    """Return the days from one to another, both included, oldest first; days without a row are left out."""
    columns = [_DAYS.c[name] for name in ReportDay.__slots__]
    query = select(*columns).where(_DAYS.c.day.between(first, last)).order_by(_DAYS.c.day)
    return [ReportDay(*row) for row in connection.execute(query)]


def hide_few(by_house: Sequence[int]) -> int | None:
    """Return the total, rounded, or None where it would tell how much one house has."""
    total = sum(by_house)
    if len(by_house) < FEWEST_HOUSES or max(by_house) * _MOST_OF_ONE > total:
        return None
    return (total + ROUNDED_TO // 2) // ROUNDED_TO * ROUNDED_TO


def _compute_shares(rows: Sequence[Row[Any]]) -> dict[str, int | None]:
    total = sum(row.records for row in rows)
    if total < FEWEST_FOR_SHARES:
        return dict.fromkeys(_LIMITS_S)
    return {
        name: int(sum(getattr(row, name) for row in rows)) * 100 // total // SHARE_STEP * SHARE_STEP
        for name in _LIMITS_S
    }
