"""Tables that people bring as files: CSV in UTF-8 or GB18030, and spreadsheets. What comes in is hostile until read.

A spreadsheet is a zip of XML: its unpacked size, rows, columns and cells are limited before and while it is read, no
formula is taken and no macro. What goes out cannot become a formula in the reader's program.
"""

from __future__ import annotations

import csv
import io
import warnings
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from enum import StrEnum
from typing import Any

MOST_BYTES = 4 * 1024 * 1024
MOST_ROWS = 20_000
MOST_COLUMNS = 32
MOST_CELL = 4096
_FAR_COLUMN = 256  # beyond it nobody looks
_LAST_ROW = 1_048_576  # of any spreadsheet
_MOST_UNPACKED = 24 * 1024 * 1024
_MOST_MEMBERS = 200
_ZIP_MAGIC = b"PK\x03\x04"
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n")
_EXACT_UP_TO = 10**15  # beyond it a spreadsheet has rounded a number
# What can act when the file is opened, or fetches cells from elsewhere; none of it belongs into a list.
_ACTIVE = ("vbaproject", "xl/macrosheets", "xl/activex", "xl/embeddings", "xl/externallinks", "xl/connections")


class SheetRefused(Exception):
    """This file cannot be read as a table."""

    def __init__(self, reason: str) -> None:
        """`reason` is a code: large, empty, not_text, not_csv, broken, bomb, not_sheet, active, many_rows, …

        Some have a place after a space, such as `hidden_row 7`.
        """
        super().__init__(reason)
        self.reason = reason


class CellForm(StrEnum):
    """What a cell is to the program that wrote it."""

    TEXT = "text"
    NUMBER = "number"
    DAY = "day"  # its text is YYYY-MM-DD
    FORMULA = "formula"  # its text is empty: what a formula says changes
    ROUNDED = "rounded"  # a number so long that its last digits are lost
    OTHER = "other"  # a moment, a truth value, an error


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell, as text."""

    text: str = field(default="", repr=False)
    form: CellForm = CellForm.TEXT


@dataclass(frozen=True, slots=True)
class SheetRow:
    """A row: its line, counted as the reader's program does, and its cells."""

    line: int
    cells: tuple[Cell, ...]


def read_rows(data: bytes, most_rows: int = MOST_ROWS) -> Iterator[SheetRow]:
    """Yield the rows of a file that are not empty, at most `most_rows`.

    Raises: SheetRefused saying what is wrong with the file as a whole, also after some rows.
    """
    if len(data) > MOST_BYTES:
        raise SheetRefused("large")
    if not data.strip():
        raise SheetRefused("empty")
    lines = _read_sheet(data, most_rows) if data.startswith(_ZIP_MAGIC) else _read_text(data)
    count = 0
    for row in lines:
        if any(cell.text or cell.form is not CellForm.TEXT for cell in row.cells):
            count += 1
            if count > most_rows:
                raise SheetRefused("many_rows")
            yield row


def write_line(cells: Iterable[str]) -> str:
    """Return one line of CSV none of whose cells a spreadsheet would calculate."""
    out = io.StringIO()
    csv.writer(out).writerow([defuse(each) for each in cells])
    return out.getvalue()


def write_sheet(title: str, heads: Sequence[str], notes: tuple[str, Sequence[Sequence[str]]]) -> bytes:
    """Return a spreadsheet with one line of heads, its columns formatted as text, and a second sheet to read.

    As text, so that the program turns no number into another one and no date into a day of its own.
    """
    import openpyxl  # it takes a tenth of a second, which a start without spreadsheets need not wait for
    from openpyxl.utils import get_column_letter

    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = title
    sheet.append(list(heads))
    sheet.freeze_panes = "A2"
    for column in range(1, len(heads) + 1):
        dimension = sheet.column_dimensions[get_column_letter(column)]
        dimension.number_format, dimension.width = "@", 22
    explained = book.create_sheet(notes[0])
    for line in notes[1]:
        explained.append([defuse(each) for each in line])
    for letter, width in (("A", 24), ("B", 60), ("C", 60)):
        explained.column_dimensions[letter].width = width
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def defuse(cell: str) -> str:
    """Return a cell that stays text in every program: one that could begin a formula gets an apostrophe before it."""
    return f"'{cell}" if cell.lstrip(" ").startswith(_DANGEROUS) or cell.startswith(_DANGEROUS) else cell


def restore(cell: str) -> str:
    """Return what `defuse` was given: what we wrote ourselves comes back as it was."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_DANGEROUS) else cell


def _read_text(data: bytes) -> Iterator[SheetRow]:
    if b"\0" in data:
        raise SheetRefused("not_text")
    text = _decode(data)
    head = text.partition("\n")[0]
    delimiter = max(",;\t", key=head.count)
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        for cells in reader:
            if len(cells) > MOST_COLUMNS:
                raise SheetRefused("many_columns")
            yield SheetRow(reader.line_num, tuple(Cell(each.strip()) for each in cells))
    except csv.Error:
        raise SheetRefused("not_csv") from None


def _decode(data: bytes) -> str:
    # GB18030 reads nearly anything, so UTF-8, which does not, goes first.
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise SheetRefused("not_text")


def _read_sheet(data: bytes, most_rows: int) -> Iterator[SheetRow]:
    _check_zip(data)
    import openpyxl  # see write_sheet

    from service.sheet_sight import find_unseen

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of features that we do not read
        try:
            book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=False, keep_links=False)
            sheet = book.worksheets[0]
            if sheet.sheet_state != "visible":
                raise SheetRefused("hidden")  # nobody who opened the file saw what would be read
            with book._archive.open(sheet._worksheet_path) as xml:
                if unseen := find_unseen(xml):
                    raise SheetRefused(unseen)
            sheet.reset_dimensions()  # what the file says of its size may be anything
            most = most_rows + 2
            for number, cells in enumerate(sheet.iter_rows(max_row=most, max_col=_FAR_COLUMN), start=1):
                if _has_value(cells[MOST_COLUMNS:]):
                    raise SheetRefused("many_columns")
                _require_shown(cells[:MOST_COLUMNS])
                yield SheetRow(number, tuple(_read_cell(each) for each in cells[:MOST_COLUMNS]))
            # Rows far below would else be left out without a word.
            for number, cells in enumerate(sheet.iter_rows(min_row=most + 1, max_col=MOST_COLUMNS)):
                if number > _LAST_ROW or _has_value(cells):
                    raise SheetRefused("many_rows")
        except SheetRefused:
            raise
        except Exception:
            # The library fails in as many ways as a broken zip or XML can; its texts quote the file.
            raise SheetRefused("broken") from None


def _require_shown(cells: Iterable[Any]) -> None:
    """Refuse a cell whose format has an empty part, by which a program shows nothing of what stands there."""
    for each in cells:
        if each.value is not None and ";;" in each.number_format:
            raise SheetRefused(f"hidden_cell {each.coordinate}")


def _has_value(cells: Iterable[Any]) -> bool:
    return any(each.value is not None for each in cells)


def _check_zip(data: bytes) -> None:
    """Refuse what would unpack to more than it says, declares entities, can act by itself, or is no spreadsheet."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            # Python's zipfile gives no more of a member than its declared size.
            unpacked = sum(each.file_size for each in members)
            if len(members) > _MOST_MEMBERS or unpacked > _MOST_UNPACKED:
                raise SheetRefused("bomb")
            if "xl/workbook.xml" not in archive.namelist():
                raise SheetRefused("not_sheet")
            if any(part in each.filename.lower() for each in members for part in _ACTIVE):
                raise SheetRefused("active")
            for each in members:
                # Whatever it is called: another member says which ones are read as XML.
                if _declares_entities(archive.read(each)):
                    raise SheetRefused("bomb")
    except SheetRefused:
        raise
    except Exception:
        # A broken zip fails in the ways of every packer that Python knows.
        raise SheetRefused("broken") from None


def _declares_entities(xml: bytes) -> bool:
    # Also in UTF-16, whose letters have zeros between.
    return b"<!doctype" in xml.replace(b"\0", b"").lower()


def _read_cell(cell: Any) -> Cell:
    value = cell.value
    if value is None:
        return Cell()
    if cell.data_type == "f":
        return Cell("", CellForm.FORMULA)
    if isinstance(value, datetime) and value.time() == time():
        return Cell(value.date().isoformat(), CellForm.DAY)
    if isinstance(value, date) and not isinstance(value, datetime):
        return Cell(value.isoformat(), CellForm.DAY)
    if cell.data_type == "e" or isinstance(value, bool | datetime):
        return Cell(str(value)[:MOST_CELL], CellForm.OTHER)
    if isinstance(value, int | float):
        if abs(value) >= _EXACT_UP_TO:
            return Cell(str(value), CellForm.ROUNDED)
        return Cell(str(int(value)) if float(value).is_integer() else repr(float(value)), CellForm.NUMBER)
    return Cell(str(value).strip())
