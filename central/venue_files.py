"""Lists of venues as files: which columns there are, in either language. `service.sheets` reads them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from central.errors import FileRefused
from central.venue_rules import FIELDS, MOST_CELL, Problem, VenueFields, write_coordinate
from records.profile import VenueKind
from service.sheets import MOST_BYTES, MOST_ROWS, Cell, CellForm, SheetRefused, SheetRow, read_rows, restore, write_line

__all__ = ["COLUMNS", "KINDS", "MOST_BYTES", "MOST_ROWS", "FileRow", "find_kind", "read_file", "write_file"]
_WRONG = {
    CellForm.FORMULA: "formula", CellForm.ROUNDED: "rounded", CellForm.OTHER: "not_text", CellForm.DAY: "not_text",
}  # fmt: skip
# The page has one sentence for whatever is no plain spreadsheet.
_SAID_AS = {"active": "not_sheet", "hidden": "not_sheet"}

# What a column may be called, in either language.
COLUMNS: dict[str, str] = {
    "licence": "licence", "license": "licence", "licence number": "licence", "license number": "licence",
    "许可证号": "licence", "许可证": "licence", "特种行业许可证号": "licence",
    "kind": "kind", "type": "kind", "类别": "kind", "类型": "kind",
    "name": "name", "名称": "name", "旅馆名称": "name",
    "address": "address", "地址": "address",
    "latitude": "latitude", "lat": "latitude", "纬度": "latitude",
    "longitude": "longitude", "lon": "longitude", "lng": "longitude", "经度": "longitude",
    "rooms": "rooms", "房间数": "rooms", "客房数": "rooms",
    "station": "station", "派出所": "station", "所属派出所": "station",
}  # fmt: skip
KINDS: dict[str, VenueKind] = {
    **{each.value: each for each in VenueKind},
    **{each.value.replace("_", " "): each for each in VenueKind},
    "旅馆、酒店": VenueKind.HOTEL, "客栈、招待所": VenueKind.GUESTHOUSE,
    "旅馆": VenueKind.HOTEL, "酒店": VenueKind.HOTEL, "宾馆": VenueKind.HOTEL,
    "客栈": VenueKind.GUESTHOUSE, "招待所": VenueKind.GUESTHOUSE, "guest house": VenueKind.GUESTHOUSE,
    "青年旅舍": VenueKind.HOSTEL, "日租房": VenueKind.DAY_RENTAL, "度假短租": VenueKind.HOLIDAY_LET,
    "民宿": VenueKind.HOLIDAY_LET, "露营地": VenueKind.CAMPSITE,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class FileRow:
    """One row of a file: its line, counted as the reader's program does, its cells by field, and what is wrong."""

    line: int
    cells: dict[str, str]
    problems: list[Problem] = field(default_factory=list)


def find_kind(text: str) -> VenueKind | None:
    """Return the kind of a word in either language, or of a code. The list is closed."""
    return KINDS.get(text.strip().lower())


def read_file(data: bytes) -> list[FileRow]:
    """Return the rows of a file. Raises: FileRefused saying what is wrong with the file as a whole."""
    try:
        lines = list(read_rows(data, MOST_ROWS + 1))  # the heads are one of them
    except SheetRefused as error:
        reason, _, place = error.reason.partition(" ")
        raise FileRefused(_SAID_AS.get(reason, reason), place) from None
    columns = _read_columns([cell.text for cell in lines[0].cells]) if lines else []
    if len(lines) < 2:
        raise FileRefused("empty")
    return [_make_row(columns, each) for each in lines[1:]]


def write_file(venues: Iterable[tuple[VenueFields, str]], heads: Sequence[str] = FIELDS) -> Iterator[str]:
    """Return the lines of a CSV file of venues, each with its station's path. With a mark, so that Excel reads UTF-8.

    `heads` are what the columns are called, in the order of `FIELDS`.
    """
    yield "\ufeff" + write_line(heads)
    for venue, station in venues:
        yield write_line([
            venue.licence, str(venue.kind), venue.name, venue.address, write_coordinate(venue.latitude),
            write_coordinate(venue.longitude), str(venue.rooms), station,
        ])  # fmt: skip


def _read_columns(heads: Sequence[str]) -> list[str]:
    found = [COLUMNS.get(" ".join(each.lower().split()), "") if each.strip() else "" for each in heads]
    # A column that nobody knows may hold what must not be here at all.
    if any(each.strip() and not name for each, name in zip(heads, found, strict=True)):
        raise FileRefused("columns_unknown")
    named = [each for each in found if each]
    if len(named) != len(set(named)):
        raise FileRefused("columns_twice")
    if not {"licence", "kind", "name", "address", "rooms", "station"} <= set(named):
        raise FileRefused("columns_missing")
    return found


def _make_row(columns: list[str], found: SheetRow) -> FileRow:
    row = FileRow(found.line, {})
    for place, cell in enumerate(found.cells):
        name = columns[place] if place < len(columns) else ""
        if not name:
            if cell.text:
                row.problems.append(Problem("row", "extra"))
            continue
        if wrong := _find_wrong(cell):
            row.problems.append(Problem("cell", wrong))
        row.cells[name] = restore(cell.text)[:MOST_CELL]
    return row


def _find_wrong(cell: Cell) -> str:
    return "long" if len(cell.text) > MOST_CELL else _WRONG.get(cell.form, "")
