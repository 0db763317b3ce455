"""The report for administrators and, where the operator wants it, for everybody."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from central.keys import count_days, find_expiry_day, name_day
from central.store import Connection, Store
from central.store.reports import ReportDay, load_report_days, sum_up_day
from service.sheets import write_line

DAYS_SHOWN = 30
DAYS_BACK = 7  # that the keeper makes good after a pause
SETTLED_AFTER = timedelta(minutes=10)  # of midnight: what came before it is committed by then
COLUMNS = ("day", "received", "within_minute", "within_hour", "within_day", "deleted")


@dataclass(frozen=True, slots=True)
class Report:
    """The last days, oldest first; a day that was not counted has no figures."""

    days: list[ReportDay]

    @property
    def received(self) -> int | None:
        """The sum of the days that are shown, and of no others: a hidden day must not be the difference."""
        return _sum_shown([each.received for each in self.days])

    @property
    def deleted(self) -> int | None:
        """The sum of the days that are shown."""
        return _sum_shown([each.deleted for each in self.days])


def sum_up_days(connection: Connection, now: datetime, retention_days: int) -> int:
    """Count every day that is over and was not counted, at most a week back. Return how many. `now` is aware."""
    last = count_days((now.astimezone(UTC) - SETTLED_AFTER).date()) - 1
    done = 0
    for day in range(last - DAYS_BACK + 1, last + 1):
        noon = datetime.combine(name_day(day), datetime.min.time(), UTC) + timedelta(hours=12)
        done += sum_up_day(connection, day, find_expiry_day(noon, retention_days))
    return done


def load_report(store: Store, now: datetime, days: int = DAYS_SHOWN) -> Report:
    """Return the days before today. `now` is aware. Raises: StoreError."""
    last = count_days(now.astimezone(UTC).date()) - 1
    with store.reading() as connection:
        found = {each.day: each for each in load_report_days(connection, last - days + 1, last)}
    empty = (None,) * (len(ReportDay.__slots__) - 1)
    return Report([found.get(day) or ReportDay(day, *empty) for day in range(last - days + 1, last + 1)])


def write_report(report: Report, heads: tuple[str, ...] = COLUMNS) -> Iterator[str]:
    """Return the lines of the report as CSV; a figure that is not shown is an empty cell."""
    yield "\ufeff" + write_line(heads)
    for each in report.days:
        figures = [getattr(each, name) for name in COLUMNS[1:]]
        yield write_line([name_day(each.day).isoformat(), *("" if one is None else str(one) for one in figures)])


def _sum_shown(figures: list[int | None]) -> int | None:
    shown = [each for each in figures if each is not None]
    return sum(shown) if shown else None
