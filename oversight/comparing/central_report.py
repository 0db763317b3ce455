"""The registration service's report as it publishes it (`kjt admin report`): what oversight reads of it, by month.

Its figures are over all houses together, in tens, and left out where few houses make them: sums of what it shows.
"""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from oversight.errors import FileRefused

_MAX_BYTES = 1024 * 1024
_COLUMNS = ("day", "received", "within_minute", "within_hour", "within_day", "deleted")
_SHARE_STEP = 5
_MOST = 10**12


@dataclass(frozen=True, slots=True)
class CentralMonth:
    """Sums of the days that the report shows; None where it shows none."""

    received: int | None
    deleted: int | None
    within_minute: int | None  # per cent of what was received, at least


def read_central_report(path: Path) -> Mapping[str, CentralMonth]:
    """Return the months (YYYY-MM) of a report. Raises: FileRefused for what is none, OSError."""
    if path.stat().st_size > _MAX_BYTES:
        raise FileRefused(path.name)
    try:
        rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig")), strict=True))
        days: dict[str, list[dict[str, int | None]]] = defaultdict(list)
        for row in rows:
            if tuple(row) != _COLUMNS:
                raise ValueError
            month = date.fromisoformat(row["day"]).strftime("%Y-%m")
            days[month].append({name: _read(row[name]) for name in _COLUMNS[1:]})
    except (ValueError, TypeError, csv.Error):
        raise FileRefused(path.name) from None
    return {month: _sum(found) for month, found in days.items()}


def _sum(days: list[dict[str, int | None]]) -> CentralMonth:
    received, deleted = ([n for each in days if (n := each[name]) is not None] for name in ("received", "deleted"))
    shown = [(n, share) for each in days if (n := each["received"]) and (share := each["within_minute"]) is not None]
    total = sum(n for n, _ in shown)
    share = sum(n * each for n, each in shown) // total // _SHARE_STEP * _SHARE_STEP if total else None
    return CentralMonth(sum(received) if received else None, sum(deleted) if deleted else None, share)


def _read(cell: str) -> int | None:
    if not cell:
        return None
    if not (cell.isascii() and cell.isdecimal()) or int(cell) > _MOST:
        raise ValueError
    return int(cell)
