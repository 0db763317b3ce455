"""Counts by month, without anybody in them: requests, and orders for one record. Small ones are not shown."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from oversight.log import LogLine, Step, read_log
from oversight.redress.states import OPEN, Urgency, judge_urgency
from oversight.store import Store
from oversight.store.requests import list_all
from records.small_counts import hide_small

MONTHS = 12


@dataclass(frozen=True, slots=True)
class Month:
    """The counts of one month; None stands for some, but fewer than five."""

    first_day: date
    received: int | None
    answered: int | None
    closed: int | None
    orders: int | None
    openings: int | None


@dataclass(frozen=True, slots=True)
class Counts:
    """What the page of counts shows."""

    months: list[Month]  # the latest first
    waiting: int | None
    overdue: int | None
    has_orders: bool  # whether oversight's log of openings is at hand


def load_counts(store: Store, openings: Path | None, now: datetime) -> Counts:
    """Count the last twelve months. `now` is aware. Raises: FileRefused for a damaged log of openings, StoreError."""
    with store.reading() as connection:
        rows = list_all(connection)
    received = Counter(_month_of(row.received_at) for row in rows)
    ended = [(row, row.ended_at) for row in rows if row.ended_at is not None]
    answered = Counter(_month_of(at) for row, at in ended if not row.reason)
    closed = Counter(_month_of(at) for row, at in ended if row.reason)
    lines = read_log(openings) if openings else []
    orders, opened = _count_orders(lines, Step.LOOK), _count_orders(lines, Step.OPEN)
    months = [
        Month(month, *(hide_small(each[month]) for each in (received, answered, closed, orders, opened)))
        for month in _list_months(now)
    ]
    waiting = [row for row in rows if row.state in OPEN]
    overdue = sum(judge_urgency(row.received_at, now) is Urgency.OVERDUE for row in waiting)
    return Counts(months, hide_small(len(waiting)), hide_small(overdue), openings is not None)


def _count_orders(lines: list[LogLine], step: Step) -> Counter[date]:
    """Count the orders of each month at which a step was first done."""
    first: dict[str, datetime] = {}
    for line in lines:
        if line.step is step:
            first.setdefault(line.order, line.at)
    return Counter(at.astimezone(UTC).date().replace(day=1) for at in first.values())


def _list_months(now: datetime) -> list[date]:
    last = now.astimezone(UTC).year * 12 + now.astimezone(UTC).month - 1
    return [date(month // 12, month % 12 + 1, 1) for month in range(last, last - MONTHS, -1)]


def _month_of(seconds: int) -> date:
    return datetime.fromtimestamp(seconds, UTC).date().replace(day=1)
