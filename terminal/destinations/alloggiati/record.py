"""The record of Alloggiati Web: 168 characters for each guest (manual WS_ALLOGGIATI, rev. 01, table 1)."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import date

LENGTH = 168
MAX_NIGHTS = 30
ITALY = "100000100"
SINGLE, FAMILY_HEAD, GROUP_HEAD, RELATIVE, GROUP_MEMBER = "16", "17", "18", "19", "20"
WITH_DOCUMENT = frozenset({SINGLE, FAMILY_HEAD, GROUP_HEAD})
MEMBERS = frozenset({RELATIVE, GROUP_MEMBER})
# (name, first place, last place): places count from 0, as the manual counts them.
LAYOUT = (
    ("role", 0, 1),
    ("arrival", 2, 11),
    ("nights", 12, 13),
    ("surname", 14, 63),
    ("given", 64, 93),
    ("sex", 94, 94),
    ("birth_date", 95, 104),
    ("birth_place", 105, 113),
    ("birth_province", 114, 115),
    ("birth_state", 116, 124),
    ("citizenship", 125, 133),
    ("document", 134, 138),
    ("number", 139, 158),
    ("issued_at", 159, 167),
)
WIDTHS = {name: last - first + 1 for name, first, last in LAYOUT}
# The manual does not say which signs a name may have: what every Italian form takes.
NAME = re.compile(r"[A-Z][A-Z '.-]*")
# Letters that are no plain letter with an accent.
_LETTERS = str.maketrans(
    {"ß": "SS", "ẞ": "SS", "Ø": "O", "Æ": "AE", "Œ": "OE", "Ł": "L", "Đ": "D", "Ð": "D", "Þ": "TH", "ı": "I", "Ħ": "H",
     "Ŋ": "N", "Ŧ": "T", "’": "'", "ʼ": "'", "`": "'", "‐": "-", "–": "-"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class GuestLine:
    """The fields of one record, as text."""

    role: str
    arrival: date
    nights: int
    surname: str = field(repr=False)
    given: str = field(repr=False)
    sex: str = field(repr=False)  # 1 male, 2 female
    birth_date: date = field(repr=False)
    birth_place: str = field(repr=False)  # "" outside Italy
    birth_province: str = field(repr=False)
    birth_state: str = field(repr=False)
    citizenship: str = field(repr=False)
    document: str = field(default="", repr=False)  # "" of members
    number: str = field(default="", repr=False)
    issued_at: str = field(default="", repr=False)


def write_line(line: GuestLine) -> str:
    """Return the record. Raises: ValueError naming the field that does not fit, never its value."""
    texts = {
        "role": line.role,
        "arrival": _write_day(line.arrival),
        "nights": f"{line.nights:02d}",
        "birth_date": _write_day(line.birth_date),
    }
    pieces = []
    for name, width in WIDTHS.items():
        text = texts.get(name, "") or str(getattr(line, name))
        if len(text) > width or not text.isascii() or not text.isprintable():
            raise ValueError(name)
        pieces.append(text.ljust(width))
    return "".join(pieces)


def read_line(text: str) -> GuestLine:
    """Return the fields of a record. Raises: ValueError naming the field that cannot be read."""
    if len(text) != LENGTH:
        raise ValueError("length")
    parts = {name: text[first : last + 1].rstrip(" ") for name, first, last in LAYOUT}
    if not re.fullmatch("[0-9]{2}", parts["nights"]):
        raise ValueError("nights")
    days = {name: _read_day(parts.pop(name), name) for name in ("arrival", "birth_date")}
    nights = int(parts.pop("nights"))
    return GuestLine(nights=nights, arrival=days["arrival"], birth_date=days["birth_date"], **parts)


def fold_name(text: str) -> str:
    """Return a name in capitals without accents, as the service's own tables write names."""
    # Taken apart before and after: a letter of another alphabet's capitals may be made of plain small ones.
    upper = unicodedata.normalize("NFKD", text).translate(_LETTERS).upper()
    plain = (sign for sign in unicodedata.normalize("NFKD", upper) if not unicodedata.combining(sign))
    return " ".join("".join(plain).translate(_LETTERS).upper().split())


def _write_day(day: date) -> str:
    return f"{day.day:02d}/{day.month:02d}/{day.year:04d}"


def _read_day(text: str, name: str) -> date:
    found = re.fullmatch("([0-9]{2})/([0-9]{2})/([0-9]{4})", text)
    try:
        if found:
            return date(int(found[3]), int(found[2]), int(found[1]))
    except ValueError:
        pass
    raise ValueError(name)
