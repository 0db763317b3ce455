"""One foreigner as the Czech register takes them: the fields, and the rules that the police published for each."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated

import msgspec

from terminal.destinations.czechia.letters import fits_encoding, is_written

CZECH = "CZE"
# "INPASS" stands for the number of a child that is entered in a parent's passport.
INPASS = "INPASS"
OTHER_PURPOSE = 99

MAX_SURNAME, MAX_GIVEN = 50, 24
MIN_DOCUMENT, MAX_DOCUMENT = 4, 30
MAX_VISA, MAX_RESIDENCE, MAX_NOTE = 15, 128, 255
OLDEST_YEAR = 1900


class BirthKnown(StrEnum):
    """How much of a birth date the document prints."""

    DAY = "day"
    MONTH = "month"
    YEAR = "year"


class Wrong(StrEnum):
    """What is wrong with a field."""

    MISSING = "missing"
    TOO_LONG = "too_long"
    WRONG_SIGN = "wrong_sign"
    WRONG_FORM = "wrong_form"
    OUT_OF_RANGE = "out_of_range"


_LocalTime = Annotated[datetime, msgspec.Meta(tz=False)]


@dataclass(frozen=True, slots=True)
class Report:
    """One record of the list: what `Ubytovany` and a line U hold. Times are the house's own, without an offset."""

    since: _LocalTime = field(repr=False)
    until: _LocalTime = field(repr=False)
    surname: str = field(repr=False)
    given: str = field(repr=False)
    birth: str = field(repr=False)  # DDMMYYYY, 00MMYYYY, 0000YYYY
    state: str = field(repr=False)  # citizenship: Kod3 of the table of states
    document: str = field(repr=False)
    visa: str = field(default="", repr=False)
    residence: str = field(default="", repr=False)
    purpose: int = OTHER_PURPOSE
    note: str = field(default="", repr=False)
    printed: tuple[str, str] = field(default=("", ""), repr=False)  # names as the document prints them, where changed


def encode_report(report: Report) -> bytes:
    """Return the report as UTF-8 JSON: what is kept until it is delivered."""
    return msgspec.json.encode(report)


def decode_report(data: bytes) -> Report:
    """Parse what `encode_report` made. Raises: ValueError without the reason, which would quote the guest."""
    try:
        return msgspec.json.decode(data, type=Report)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise ValueError("not a report") from None


def write_birth(born: date, known: BirthKnown = BirthKnown.DAY) -> str:
    """Return a birth date in the register's form; zeros stand for what the document does not print."""
    day = f"{born.day:02d}" if known is BirthKnown.DAY else "00"
    month = "00" if known is BirthKnown.YEAR else f"{born.month:02d}"
    return f"{day}{month}{born.year:04d}"


def is_birth(text: str) -> bool:
    """Tell whether a text is DDMMYYYY, 00MMYYYY or 0000YYYY of a day that there was since 1900."""
    if not re.fullmatch(r"[0-9]{8}", text) or int(text[4:]) < OLDEST_YEAR:
        return False
    day, month = text[:2], text[2:4]
    if day != "00" and month == "00":
        return False
    try:
        date(int(text[4:]), int(month) or 1, int(day) or 1)
    except ValueError:
        return False
    return True


def find_wrong(report: Report) -> list[tuple[str, Wrong]]:
    """Return the fields that break a published rule, by their name in `Report`, each with what is wrong."""
    found = [*_check_names(report), *_check_document(report)]
    if not is_birth(report.birth):
        found.append(("birth", Wrong.WRONG_FORM))
    if report.until.date() <= report.since.date():
        found.append(("until", Wrong.OUT_OF_RANGE))
    if not re.fullmatch(r"[A-Z]{3}", report.state) or report.state == CZECH:
        found.append(("state", Wrong.WRONG_FORM))
    if not 0 <= report.purpose <= OTHER_PURPOSE:
        found.append(("purpose", Wrong.OUT_OF_RANGE))
    for name, longest in (("residence", MAX_RESIDENCE), ("note", MAX_NOTE)):
        value: str = getattr(report, name)
        if len(value) > longest:
            found.append((name, Wrong.TOO_LONG))
        elif not fits_encoding(value):
            found.append((name, Wrong.WRONG_SIGN))
    return found


def _check_names(report: Report) -> list[tuple[str, Wrong]]:
    found = []
    for name, longest in (("surname", MAX_SURNAME), ("given", MAX_GIVEN)):
        value: str = getattr(report, name)
        if not value and name == "surname":
            found.append((name, Wrong.MISSING))
        elif len(value) > longest:
            found.append((name, Wrong.TOO_LONG))
        elif not is_written(value):
            found.append((name, Wrong.WRONG_SIGN))
    return found


def _check_document(report: Report) -> list[tuple[str, Wrong]]:
    found = []
    if not re.fullmatch(rf"[A-Z0-9]{{{MIN_DOCUMENT},{MAX_DOCUMENT}}}", report.document):
        found.append(("document", Wrong.WRONG_FORM if report.document else Wrong.MISSING))
    if report.document == INPASS and not report.note.strip():
        found.append(("note", Wrong.MISSING))
    if not re.fullmatch(rf"[A-Z0-9]{{0,{MAX_VISA}}}", report.visa):
        found.append(("visa", Wrong.WRONG_FORM))
    return found
