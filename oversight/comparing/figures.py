"""What comparison came to, month by month, in numbers that point at nobody: for oversight and for the public."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from oversight.comparing.desk.counts import Counted
from oversight.comparing.store.figures import ReportedRow
from oversight.log import LogLine, Step
from records.comparing.counts import CountName
from records.comparing.mail import Outcome
from records.small_counts import round_count, write_count

MONTHS = 12
STATION = "station"
# A share of so few cases says more about single ones than about the list.
FEWEST_FOR_SHARE = 20


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of one month, in steps of five. `n` None: fewer than five; nobody told it: `is_known` is False."""

    n: int | None
    is_known: bool = True

    def write(self) -> str:
        """Return it as a file or a table shows it."""
        return write_count(self.n) if self.is_known else ""


UNKNOWN = Figure(None, is_known=False)


@dataclass(frozen=True, slots=True)
class Month:
    """The figures of one month by their names (`NAMES`)."""

    first_day: date
    figures: Mapping[str, Figure]
    precision: int | None  # of those who were found out: confirmed, in hundredths; None where they are few


@dataclass(frozen=True, slots=True)
class PerAct:
    """What came of one court's decisions for one act, in all months that were told."""

    court: str
    act: str  # "": all of the court's
    decisions: Figure  # on the list now
    ended: Figure
    confirmed: Figure
    other_person: Figure
    precision: int | None


@dataclass(frozen=True, slots=True)
class Figures:
    """Everything that is published."""

    months: tuple[Month, ...]  # the latest first
    per_act: tuple[PerAct, ...]


DESK = ("compared", "refused_questions", "permits", "stops")
ORDERS = ("orders", "openings")
TOLD: Mapping[str, CountName] = {
    "ended": CountName.ENDED,
    **{str(each).replace("-", "_"): CountName(str(each)) for each in Outcome},
    "withdrawn": CountName.WITHDRAWN,
    "within_1": CountName.WITHIN_ONE_MINUTE,
    "within_3": CountName.WITHIN_THREE_MINUTES,
    "later": CountName.LATER,
    "nobody": CountName.NOBODY,
}
NAMES = (*DESK, *TOLD, *ORDERS)
_QUESTIONS_REFUSED = (
    Counted.SECOND_BATCH, Counted.REPEATED_TOO_OFTEN, Counted.OVER_MAXIMUM, Counted.STRANGER, Counted.NOT_LISTED,
    Counted.MALFORMED, Counted.NO_PERMIT,
)  # fmt: skip


def gather_figures(
    desk_days: Mapping[str, Mapping[str, int]] | None,
    reported: Sequence[ReportedRow],
    openings: Sequence[LogLine] | None,
    on_list: Mapping[tuple[str, str], int],
    now: datetime,
) -> Figures:
    """Put the figures together; None where a source is not at hand. `now` is aware."""
    desk = _sum_days(desk_days or {})
    told = {(row.month, row.name): row.n for row in reported if not row.court}
    known = {row.month for row in reported}
    orders = {
        name: _count_orders(openings or (), step) for name, step in zip(ORDERS, (Step.LOOK, Step.OPEN), strict=True)
    }
    months = []
    for first_day in list_months(now):
        month = f"{first_day:%Y-%m}"
        found = {name: _know(desk_days is not None, desk[month, name]) for name in DESK}
        for name, counted in TOLD.items():
            is_known = month in known
            found[name] = Figure(told.get((month, counted), 0), True) if is_known else UNKNOWN
        found |= {name: _know(openings is not None, orders[name][month]) for name in ORDERS}
        months.append(Month(first_day, found, _find_precision(found)))
    return Figures(tuple(months), _list_acts(reported, on_list))


def write_csv(figures: Figures) -> str:
    """Return the months as a table for spreadsheets: names, then a row a month; `<5` for a small count."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(["month", *NAMES, "precision_percent"])
    for each in figures.months:
        share = "" if each.precision is None else str(each.precision)
        writer.writerow([f"{each.first_day:%Y-%m}", *(each.figures[name].write() for name in NAMES), share])
    return out.getvalue()


def list_months(now: datetime) -> list[date]:
    """Return the first days of the last twelve months (UTC), the latest first."""
    last = now.astimezone(UTC).year * 12 + now.astimezone(UTC).month - 1
    return [date(month // 12, month % 12 + 1, 1) for month in range(last, last - MONTHS, -1)]


def _sum_days(days: Mapping[str, Mapping[str, int]]) -> Counter[tuple[str, str]]:
    found: Counter[tuple[str, str]] = Counter()
    for day, counts in days.items():
        month = day[:7]
        found[month, "compared"] += counts.get(Counted.EVALUATED, 0)
        found[month, "permits"] += counts.get(Counted.PERMITS, 0)
        found[month, "stops"] += counts.get(Counted.STOPS, 0)
        found[month, "refused_questions"] += sum(counts.get(each, 0) for each in _QUESTIONS_REFUSED)
    return found


def _know(is_known: bool, n: int) -> Figure:
    # In steps: the month goes on, and two looks at an exact sum would tell what a day was.
    return Figure(round_count(n)) if is_known else UNKNOWN


def _count_orders(lines: Sequence[LogLine], step: Step) -> Counter[str]:
    first: dict[str, datetime] = {}
    for line in lines:
        if line.step is step:
            first.setdefault(line.order, line.at)
    return Counter(f"{at.astimezone(UTC):%Y-%m}" for at in first.values())


def _find_precision(found: Mapping[str, Figure]) -> int | None:
    return _share(found["confirmed"], found["other_person"])


def _share(confirmed: Figure, other: Figure) -> int | None:
    if confirmed.n is None or other.n is None or confirmed.n + other.n < FEWEST_FOR_SHARE:
        return None
    return round(100 * confirmed.n / (confirmed.n + other.n))


def _list_acts(reported: Sequence[ReportedRow], on_list: Mapping[tuple[str, str], int]) -> tuple[PerAct, ...]:
    keys = {(row.court, row.act) for row in reported if row.court} | set(on_list)
    keys |= {(court, "") for court, _ in keys}
    return tuple(_sum_act(key, reported, on_list) for key in sorted(keys))


def _sum_act(key: tuple[str, str], reported: Sequence[ReportedRow], on_list: Mapping[tuple[str, str], int]) -> PerAct:
    def add(name: CountName) -> Figure:
        values = [row.n for row in reported if (row.court, row.act) == key and row.name == name]
        if not values:
            return Figure(0)
        # A month's small count keeps the whole sum from being told: else it could be found by taking away.
        return Figure(None if None in values else sum(each or 0 for each in values))

    confirmed, other = add(CountName.CONFIRMED), add(CountName.OTHER_PERSON)
    listed = sum(n for (court, act), n in on_list.items() if court == key[0] and key[1] in ("", act))
    # In steps: every permit tells the exact sum, and a small count could be found by taking the others away.
    decisions = Figure(round_count(listed))
    return PerAct(*key, decisions, add(CountName.ENDED), confirmed, other, _share(confirmed, other))
