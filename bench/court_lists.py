"""How long the court's registry waits for a list of 2,000 decisions, and what a sheet that is far too long costs.

python -m bench.court_lists
"""

from __future__ import annotations

import io
import resource
import time
from collections.abc import Callable
from datetime import date, timedelta

import openpyxl

from oversight.comparing.importing import MOST_DECISIONS, import_list
from records.numbers import compute_mod_11_2
from service.sheets import SheetRefused, write_line

HEADS = (
    "file number",
    "act",
    "valid until",
    "name",
    "born",
    "sex",
    "document kind",
    "issuing state",
    "document number",
)
TODAY = date(2026, 11, 22)


def make_rows(count: int) -> list[list[str]]:
    """Return the heads and as many invented people; their numbers are of division 99, which is nobody's."""
    until = (TODAY + timedelta(days=200)).isoformat()
    rows = [list(HEADS)]
    for n in range(count):
        born = date(1960, 1, 1) + timedelta(days=n)
        body = f"990101{born:%Y%m%d}071"
        rows.append([f"(2026) {n}", "armed-robbery", until, "王小明", born.isoformat(), "1", "111", "CHN",
                     body + compute_mod_11_2(body)])  # fmt: skip
    return rows


def make_csv(count: int) -> bytes:
    """Return a list as CSV."""
    return "".join(write_line(row) for row in make_rows(count)).encode()


def make_sheet(count: int) -> bytes:
    """Return a list as a spreadsheet."""
    book = openpyxl.Workbook()
    for row in make_rows(count):
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def measure(what: str, data: bytes) -> None:
    """Read a list five times and print the median."""
    before, times, said = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, [], ""
    for _ in range(5):
        begun = time.perf_counter()
        try:
            found = import_list(data, jurisdiction="demo", court="Court", today=TODAY)
            said = f"{len(found.drafts)} drafts, {len(found.problems)} problems"
        except SheetRefused as error:
            said = f"refused: {error.reason}"
        times.append(time.perf_counter() - begun)
    more = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024
    print(f"{what}: {len(data)} bytes, {said}, p50 {sorted(times)[2]:.2f} s, {more} MiB more")


def main() -> None:
    """Measure each form at its limit, and beyond."""
    forms: list[tuple[str, Callable[[int], bytes]]] = [("CSV", make_csv), ("spreadsheet", make_sheet)]
    for name, make in forms:
        measure(name, make(MOST_DECISIONS))
        measure(f"{name} of ten times as many", make(10 * MOST_DECISIONS))


if __name__ == "__main__":
    main()
