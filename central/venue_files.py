"""Lists of venues as files: CSV in UTF-8 or GB18030, and spreadsheets. What comes in is hostile until it is read.

A spreadsheet is a zip of XML: its unpacked size, rows, columns and cells are limited before and while it is read,
and no formula is taken. What goes out cannot become a formula in the reader's program.
"""

from __future__ import annotations

import csv
import io
import warnings
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from central.errors import FileRefused
from central.venue_rules import FIELDS, MOST_CELL, Problem, VenueFields, write_coordinate
from records.profile import VenueKind

MOST_BYTES = 4 * 1024 * 1024
MOST_ROWS = 20_000
MOST_COLUMNS = 32
_MOST_UNPACKED = 24 * 1024 * 1024
_MOST_MEMBERS = 200
_ZIP_MAGIC = b"PK\x03\x04"
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n")
_EXACT_UP_TO = 10**15  # beyond it a spreadsheet has rounded a number

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
    if len(data) > MOST_BYTES:
        raise FileRefused("large")
    if not data.strip():
        raise FileRefused("empty")
    lines = _read_sheet(data) if data.startswith(_ZIP_MAGIC) else _read_text(data)
    columns: list[str] | None = None
    rows: list[FileRow] = []
    for number, cells in lines:
        if not any(text for text, _ in cells):
            continue
        if columns is None:
            columns = _read_columns([text for text, _ in cells])
            continue
        if len(rows) == MOST_ROWS:
            raise FileRefused("many_rows")
        rows.append(_make_row(number, columns, cells))
    if not rows:
        raise FileRefused("empty")
    return rows


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


def write_line(cells: Iterable[str]) -> str:
    """Return one line of CSV none of whose cells a spreadsheet would calculate."""
    out = io.StringIO()
    csv.writer(out).writerow([defuse(each) for each in cells])
    return out.getvalue()


def defuse(cell: str) -> str:
    """Return a cell that stays text in every program: one that could begin a formula gets an apostrophe before it."""
    return f"'{cell}" if cell.lstrip(" ").startswith(_DANGEROUS) or cell.startswith(_DANGEROUS) else cell


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


def _make_row(number: int, columns: list[str], cells: list[tuple[str, str]]) -> FileRow:
    row = FileRow(number, {})
    for place, (text, wrong) in enumerate(cells):
        name = columns[place] if place < len(columns) else ""
        if not name:
            if text:
                row.problems.append(Problem("row", "extra"))
            continue
        if len(text) > MOST_CELL:
            wrong = "long"
        if wrong:
            row.problems.append(Problem("cell", wrong))
        # What we wrote ourselves comes back as it was.
        is_ours = text.startswith("'") and text[1:].startswith(_DANGEROUS)
        row.cells[name] = (text[1:] if is_ours else text)[:MOST_CELL]
    return row


def _read_text(data: bytes) -> Iterator[tuple[int, list[tuple[str, str]]]]:
    if b"\0" in data:
        raise FileRefused("not_text")
    text = _decode(data)
    head = text.partition("\n")[0]
    delimiter = max(",;\t", key=head.count)
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        for cells in reader:
            if len(cells) > MOST_COLUMNS:
                raise FileRefused("many_columns")
            yield reader.line_num, [(each.strip(), "") for each in cells]
    except csv.Error:
        raise FileRefused("not_csv") from None


def _decode(data: bytes) -> str:
    # GB18030 reads nearly anything, so UTF-8, which does not, goes first.
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise FileRefused("not_text")


def _read_sheet(data: bytes) -> Iterator[tuple[int, list[tuple[str, str]]]]:
    _check_zip(data)
    import openpyxl  # it takes a tenth of a second, which a start without spreadsheets need not wait for

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of features that we do not read
        try:
            book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=False, keep_links=False)
            sheet = book.worksheets[0]
            sheet.reset_dimensions()  # what the file says of its size may be anything
            for number, cells in enumerate(sheet.iter_rows(max_row=MOST_ROWS + 2, max_col=MOST_COLUMNS + 1), start=1):
                if len(cells) > MOST_COLUMNS and cells[MOST_COLUMNS].value is not None:
                    raise FileRefused("many_columns")
                yield number, [_read_cell(each) for each in cells[:MOST_COLUMNS]]
        except FileRefused:
            raise
        except Exception:
            # The library fails in as many ways as a broken zip or XML can; its texts quote the file.
            raise FileRefused("broken") from None


def _check_zip(data: bytes) -> None:
    """Refuse what would unpack to more than it says, declares entities, or is no spreadsheet."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            # Python's zipfile gives no more of a member than its declared size.
            unpacked = sum(each.file_size for each in members)
            if len(members) > _MOST_MEMBERS or unpacked > _MOST_UNPACKED:
                raise FileRefused("bomb")
            if "xl/workbook.xml" not in archive.namelist():
                raise FileRefused("not_sheet")
            for each in members:
                # Whatever it is called: another member says which ones are read as XML.
                if _declares_entities(archive.read(each)):
                    raise FileRefused("bomb")
    except FileRefused:
        raise
    except Exception:
        # A broken zip fails in the ways of every packer that Python knows.
        raise FileRefused("broken") from None


def _declares_entities(xml: bytes) -> bool:
    # Also in UTF-16, whose letters have zeros between.
    return b"<!doctype" in xml.replace(b"\0", b"").lower()


def _read_cell(cell: Any) -> tuple[str, str]:
    """Return a cell's text, and what is wrong with it."""
    value = cell.value
    if value is None:
        return "", ""
    if cell.data_type == "f":
        return "", "formula"
    if cell.data_type == "e" or isinstance(value, bool | date | datetime):
        return str(value)[:MOST_CELL], "not_text"
    if isinstance(value, int | float):
        if abs(value) >= _EXACT_UP_TO:
            return str(value), "rounded"
        return (str(int(value)) if float(value).is_integer() else repr(float(value))), ""
    return str(value).strip(), ""
