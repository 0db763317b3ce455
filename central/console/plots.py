"""The plots of the last day: one value for every five minutes, None where there is none to show."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

import msgspec

from central.fleet.coarse import coarsen_age
from central.store.fleet import SLOT_S
from central.store.totals import SLOTS_PER_DAY, FleetSlot

_SECONDS_PER_HOUR = 3600
Value = int | float | None


@dataclass(frozen=True, slots=True)
class Series:
    """One line of a plot. `worst` picks the value that stands for an hour."""

    key: str
    values: list[Value]
    worst: Callable[[Iterable[int | float]], int | float] = max


@dataclass(frozen=True, slots=True)
class Plot:
    """One figure: what its text is called, its lines, and how they are drawn ("steps" or "bars")."""

    key: str
    times: list[int]
    series: tuple[Series, ...]
    shape: str = "steps"
    decimals: int = 0
    unit: str = "time"  # or "day": what stands below the axis

    @property
    def is_empty(self) -> bool:
        """True when there is nothing to draw."""
        return all(value is None for each in self.series for value in each.values)

    @property
    def has_gaps(self) -> bool:
        """True when something is left out."""
        return any(value is None for each in self.series for value in each.values)

    def encode(self) -> str:
        """Return what the script that draws it reads."""
        data: dict[str, Any] = {"shape": self.shape, "decimals": self.decimals, "unit": self.unit}
        data |= {"x": self.times, "y": [each.values for each in self.series]}
        return msgspec.json.encode(data).decode()

    def list_hours(self) -> list[tuple[datetime, list[Value]]]:
        """Return one row for each hour, latest first, for whoever reads figures rather than curves."""
        rows = []
        for hour, places in groupby(range(len(self.times)), key=lambda place: self.times[place] // _SECONDS_PER_HOUR):
            chosen = list(places)
            rows.append(
                (datetime.fromtimestamp(hour * _SECONDS_PER_HOUR, UTC), [_pick(each, chosen) for each in self.series])
            )
        return rows[::-1]


def find_first_slot(now: datetime) -> int:
    """Return the first slot of the last day. `now` is aware."""
    return int(now.timestamp()) // SLOT_S - SLOTS_PER_DAY + 1


def draw_fleet(slots: Sequence[FleetSlot], now: datetime) -> list[Plot]:
    """Return the plots of the whole fleet."""
    first = find_first_slot(now)
    by_slot = {each.slot: each for each in slots}
    # Up to the last slot that was summed up: the present one is not over yet.
    last = max(by_slot, default=first)
    wanted = range(first, last + 1)
    rows = [by_slot.get(slot) for slot in wanted]
    times = [slot * SLOT_S for slot in wanted]

    def read(name: str, divisor: int = 1) -> list[Value]:
        return [None if row is None else _divide(getattr(row, name), divisor) for row in rows]

    return [
        Plot("terminals", times, (Series("heard", read("heard"), min), Series("silent", read("silent")))),
        Plot("records", times, (Series("records", read("records"), sum),), "bars"),
        Plot("queue", times, (Series("queue", read("queue")),)),
        Plot("oldest", times, (Series("oldest", read("oldest_s", _SECONDS_PER_HOUR)),), decimals=1),
    ]


def draw_terminal(rows: Sequence[Any], now: datetime) -> list[Plot]:
    """Return the plots of one terminal's rows of five minutes. How much waits is not drawn (`central.fleet.coarse`)."""
    first = find_first_slot(now)
    wanted = range(first, first + SLOTS_PER_DAY - 1)
    by_slot = {row.slot: row for row in rows}
    times = [slot * SLOT_S for slot in wanted]

    def read(find: Callable[[Any], Value]) -> list[Value]:
        return [find(by_slot[slot]) if slot in by_slot else None for slot in wanted]

    # Silence is a figure, too, unless there is nothing else.
    silence = 0 if rows else None
    beats: list[Value] = [by_slot[slot].beats if slot in by_slot else silence for slot in wanted]
    return [
        Plot(
            "beats",
            times,
            (Series("beats", beats, sum), Series("reader_down", read(lambda row: row.reader_down), sum)),
            "bars",
        ),
        Plot(
            "oldest",
            times,
            (Series("oldest", read(lambda row: _divide(coarsen_age(row.oldest_s), _SECONDS_PER_HOUR))),),
            decimals=1,
        ),
        Plot("clock", times, (Series("clock", read(lambda row: row.clock_offset_s)),)),
        Plot("disk", times, (Series("disk", read(lambda row: _divide(row.free_disk_mib, 1024)), min),), decimals=1),
    ]


def _divide(value: int | None, divisor: int) -> Value:
    if value is None or divisor == 1:
        return value
    return round(value / divisor, 2)


def _pick(series: Series, places: Sequence[int]) -> Value:
    values = [value for place in places if (value := series.values[place]) is not None]
    return series.worst(values) if values else None
