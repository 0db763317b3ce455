"""What a spreadsheet holds and its reader does not see: hidden rows and columns, and cells below merged ones.

A person answers for what is read, and must have seen it. The library that reads the cells does not tell, so the
sheet's own XML is gone through once, as a stream; entities were refused before.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import IO
from xml.etree.ElementTree import Element, iterparse

_PLACE = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})")
_AREA = re.compile(f"{_PLACE.pattern}(:{_PLACE.pattern})?")
_LOOKED_AT = ("sheetFormatPr", "col", "row", "mergeCell")
_MOST_COLUMNS = 16_384
_NO = ("", "0", "false")
_LEAST_SIZE = 1.0  # of a row in points, of a column in characters: what is smaller nobody reads


def find_unseen(sheet: IO[bytes]) -> str:
    """Return why not everything on a sheet can be seen, as a code and a place (`hidden_row 7`), or "".

    Empty rows and columns may be hidden, as people do with those that they do not need. Raises: whatever broken XML
    raises; ValueError for rows that do not follow each other, of which a reader would leave some out.
    """
    hidden: list[range] = []
    are_hidden, at = False, 0
    for element in _iterate(sheet):
        name = _name(element)
        if name in ("sheetFormatPr", "col") and at:
            raise ValueError("order")  # they come before the rows: else they would be judged too late
        if name == "sheetFormatPr":
            are_hidden = _is_yes(element, "zeroHeight") or _is_small(element, "defaultRowHeight")
            if _is_small(element, "defaultColWidth"):
                hidden.append(range(1, _MOST_COLUMNS + 1))
        elif name == "col" and _is_small(element, "width"):
            hidden.append(range(int(element.get("min", 0)), int(element.get("max", 0)) + 1))
        elif name == "row":
            at = _find_row(element, at)
            if unseen := _judge_row(element, at, hidden, are_hidden):
                return unseen
        elif name == "mergeCell":
            return f"merged {_tidy(element.get('ref', ''))}"
    return ""


def _judge_row(row: Element, at: int, hidden: list[range], are_hidden: bool) -> str:
    if _is_small(row, "ht", are_hidden) and any(map(_has_value, row)):
        return f"hidden_row {at}"
    for column in _find_columns(row, at):
        if any(column in each for each in hidden):
            return f"hidden_column {_write_column(column)}"
    return ""


def _iterate(sheet: IO[bytes]) -> Iterator[Element]:
    """Yield what matters as soon as it is whole, and let it go at once: a sheet may have a million rows."""
    parents: list[Element] = []
    for event, element in iterparse(sheet, ("start", "end")):
        if event == "start":
            parents.append(element)
            continue
        parents.pop()
        if _name(element) in _LOOKED_AT:
            yield element
            parents[-1].clear()


def _name(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def _is_yes(element: Element, name: str) -> bool:
    return element.get(name, "").strip().lower() not in _NO


def _is_small(element: Element, size: str, otherwise: bool = False) -> bool:
    given = element.get(size)
    if _is_yes(element, "hidden") or (given is not None and float(given) < _LEAST_SIZE):
        return True
    return otherwise and given is None and "hidden" not in element.attrib


def _find_row(row: Element, before: int) -> int:
    at = int(row.get("r", before + 1))
    if at <= before:
        raise ValueError("rows")
    return at


def _find_columns(row: Element, number: int) -> list[int]:
    """Return the columns of a row in which something stands.

    Raises: ValueError for what is no cell, of another row, or before the one before: programs differ in where they
    show it.
    """
    found, at = [], 0
    for cell in row:
        place = cell.get("r")
        column = _read_column(place, number) if place else at + 1
        if column <= at or _name(cell) != "c":  # which the library reads for a cell, whatever it is called
            raise ValueError("cells")
        at = column
        if _has_value(cell):
            found.append(at)
    return found


def _has_value(cell: Element) -> bool:
    return any(part.text or len(part) for part in cell)


def _read_column(place: str, row: int) -> int:
    found = _PLACE.fullmatch(place)
    if found is None or int(found[2]) != row:
        raise ValueError("place")
    column = 0
    for letter in found[1]:
        column = column * 26 + ord(letter) - ord("A") + 1
    return column


def _write_column(column: int) -> str:
    letters = ""
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def _tidy(area: str) -> str:
    # Only what is a place gets onto a screen.
    if _AREA.fullmatch(area) is None:
        raise ValueError("area")
    return area
