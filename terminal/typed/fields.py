"""Single fields as people type them: days, names, numbers, telephones. Each returns what was understood and why not."""

from __future__ import annotations

import re
import unicodedata
from datetime import date

from records.documents import DocumentKind, NumberFacts, check_number
from records.errors import InvalidDocument
from records.numbers import compute_mod_10_731, has_mod_11_2, normalise_number
from terminal.typed.draft import MAX_NAME, MAX_PHONE, FindingCode

MAX_NUMBER = 32
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_YEAR_FIRST = re.compile(r"([0-9]{4})[^0-9]+([0-9]{1,2})[^0-9]+([0-9]{1,2})[^0-9]?")
# As passports print it. Figures alone with the day first are not taken: 04/05 means two days.
_NAMED_MONTH = re.compile(r"([0-9]{1,2})[ .-]*([A-Z]{3})[A-Z]*[ ./-]*([0-9]{4})")
_RESIDENT_KINDS = (
    DocumentKind.RESIDENT_CARD,
    DocumentKind.TEMPORARY_CARD,
    DocumentKind.RESIDENCE_PERMIT_HK_MO_TW,
)


def parse_day(text: str) -> date | None:
    """Return the day: 19900131, 1990-1-31, 1990年1月31日 or 31 JAN 1990. None for everything else."""
    folded = unicodedata.normalize("NFKC", text).strip().upper()
    if re.fullmatch(r"[0-9]{8}", folded):
        parts = (folded[:4], folded[4:6], folded[6:])
    elif found := _YEAR_FIRST.fullmatch(folded):
        parts = (found[1], found[2], found[3])
    elif (found := _NAMED_MONTH.fullmatch(folded)) and found[2] in _MONTHS:
        parts = (found[3], str(_MONTHS.index(found[2]) + 1), found[1])
    else:
        return None
    try:
        return date(int(parts[0]), int(parts[1]), int(parts[2]))
    except ValueError:
        return None


def read_name(text: str, *, is_latin: bool) -> tuple[str, FindingCode | None]:
    """Return the name with single spaces, Latin ones in capitals as documents print them; and what is wrong with it."""
    name = " ".join(unicodedata.normalize("NFC", text).split())
    if len(name) > MAX_NAME:
        return name, FindingCode.TOO_LONG
    categories = {unicodedata.category(character)[0] for character in name}
    if "L" not in categories or categories - {"L", "M", "Z", "P"}:
        return name, FindingCode.NO_NAME
    if not is_latin:
        return name, None
    letters = (character for character in name if character.isalpha())
    if not all(unicodedata.name(letter, "").startswith("LATIN") for letter in letters):
        return name, FindingCode.NOT_LATIN
    return name.upper(), None


def judge_number(kind: DocumentKind, number: str) -> tuple[NumberFacts, FindingCode | None]:
    """Return what a number in normal form tells, and what is wrong with it."""
    if len(number) > MAX_NUMBER:
        return NumberFacts(), FindingCode.TOO_LONG
    try:
        return check_number(kind, number), None
    except InvalidDocument:
        return NumberFacts(), _explain_number(kind, number)


def judge_phone(text: str) -> bool:
    """Tell whether somebody could be called by this: 5 to 20 digits, and the signs people put between them."""
    digits = normalise_number(text)
    return len(text) <= MAX_PHONE and bool(re.fullmatch(r"\+?[0-9 ()/.-]+", text)) and 5 <= len(digits) <= 20


def _explain_number(kind: DocumentKind, number: str) -> FindingCode:
    is_long = len(number) == 18 and number[:17].isdigit()
    if kind in _RESIDENT_KINDS and is_long:
        return FindingCode.NUMBER_DATE if has_mod_11_2(number) else FindingCode.NUMBER_CHECK
    if kind is DocumentKind.PERMANENT_RESIDENCE:
        if is_long and number[0] == "9":
            return FindingCode.NUMBER_DATE if has_mod_11_2(number) else FindingCode.NUMBER_CHECK
        if re.fullmatch(r"[A-Z]{3}[0-9]{12}", number):
            is_agreed = compute_mod_10_731(number[:14]) == number[14]
            return FindingCode.NUMBER_DATE if is_agreed else FindingCode.NUMBER_CHECK
    return FindingCode.NUMBER_FORM
