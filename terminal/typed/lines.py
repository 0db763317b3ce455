"""Printed lines that a person types: checked line by line, and told where they go wrong."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from datetime import date

from drivers.errors import BirthDateUnknown, MrzUnreadable
from drivers.mrz_document import describe_mrz
from drivers.proto.mrz import PLANS, MrzFormat, find_failed_checks, find_format, read_fields
from drivers.proto.mrz_repair import list_likely_misreadings, list_wrong_letters
from records.documents import IdentityDocument
from records.errors import InvalidDocument
from terminal.typed.draft import Finding, FindingCode, Tone, TypedField

_SIGNS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789<")
# What keyboards have beside the "<".
_FILLERS = str.maketrans({"«": "<<", "‹": "<", "＜": "<", "〈": "<"})
_WIDTHS = {2: (44, 36), 3: (30,)}


def tidy_lines(text: str) -> list[str]:
    """Return the lines without spaces, in capitals, the fillers after a name put right: nobody counts those."""
    folded = unicodedata.normalize("NFKC", text.translate(_FILLERS)).upper()
    rows = ["".join(row.split()) for row in folded.splitlines() if row.strip()]
    if len(rows) not in _WIDTHS:
        return rows
    width = min(_WIDTHS[len(rows)], key=lambda width: abs(width - len(rows[1])))
    at = 0 if len(rows) == 2 else 2
    if rows[at].endswith("<") and len(rows[at].rstrip("<")) <= width:
        rows[at] = rows[at].rstrip("<").ljust(width, "<")
    return rows


def check_shape(rows: Sequence[str]) -> Finding | None:
    """Return what is wrong with number, length and signs of the lines."""
    if not rows:
        return _say(Tone.MISSING, FindingCode.MISSING)
    for line, row in enumerate(rows, start=1):
        for place, sign in enumerate(row, start=1):
            if sign not in _SIGNS:
                return _say(Tone.WRONG, FindingCode.LINE_SIGN, line=line, place=place, sign=sign)
    if len(rows) not in _WIDTHS:
        return _say(Tone.WRONG, FindingCode.LINE_COUNT, n=len(rows))
    width = min(_WIDTHS[len(rows)], key=lambda width: sum(abs(width - len(row)) for row in rows))
    for line, row in enumerate(rows, start=1):
        if len(row) != width:
            code = FindingCode.LINE_SHORT if len(row) < width else FindingCode.LINE_LONG
            return _say(Tone.WRONG, code, line=line, n=len(row), width=width)
    return None


def check_digits(rows: Sequence[str]) -> Finding | None:
    """Return the first place where a check digit says that something is wrong. The shape is right."""
    format_ = find_format(rows)
    if letters := list_wrong_letters(format_, rows):
        line, place = letters[0]
        return _say(Tone.WRONG, FindingCode.LINE_DIGIT, line=line + 1, place=place + 1, sign=rows[line][place])
    failed = find_failed_checks(format_, rows)
    if not failed:
        return None
    likely = list_likely_misreadings(format_, rows)
    if len(likely) == 1:
        (line, place), right = likely[0]
        return _say(
            Tone.DOUBT, FindingCode.LINE_LIKELY, line=line + 1, place=place + 1, sign=rows[line][place], right=right
        )
    return _explain_check(format_, failed[0])


def read_lines(rows: Sequence[str], today: date) -> tuple[IdentityDocument | None, Finding | None]:
    """Return the document, or what is wrong with the lines although their form is right."""
    try:
        return describe_mrz(read_fields(find_format(rows), rows), today), None
    except BirthDateUnknown:
        return None, _point_at("birth_date", rows)
    except (MrzUnreadable, InvalidDocument) as error:
        return None, _point_at(error.field, rows)


def _explain_check(format_: MrzFormat, name: str) -> Finding:
    spans = PLANS[format_].spans_of_checks()
    if name not in spans:
        return _say(Tone.DOUBT, FindingCode.LINE_WHOLE)
    line, start, end = spans[name]
    return _say(Tone.DOUBT, FindingCode.LINE_CHECK, line=line + 1, first=start + 1, last=end, digit=end + 1)


def _point_at(name: str, rows: Sequence[str]) -> Finding:
    """Return where a part stands that cannot be what it should."""
    try:
        plan = PLANS[find_format(rows)]
    except MrzUnreadable:
        return _say(Tone.WRONG, FindingCode.LINE_PART, line=1, first=1, last=2)
    spans = {
        "birth_date": plan.birth,
        "valid_until": plan.expiry,
        "nationality": plan.nationality,
        "sex": plan.sex,
        "names": plan.name,
        "issuing_state": (0, 2, 5),
    }
    line, start, end = spans.get(name, (0, 0, 2))
    return _say(Tone.WRONG, FindingCode.LINE_PART, line=line + 1, first=start + 1, last=end)


def _say(tone: Tone, code: FindingCode, **values: object) -> Finding:
    return Finding(TypedField.LINES, tone, code, values)
