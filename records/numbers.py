"""Document numbers: the normal form, two check-character rules, and the resident number (GB 11643)."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import date

from records.errors import InvalidDocument

_ALPHABET = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
_CHECKED = "<0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_VALUES = {character: max(place - 1, 0) for place, character in enumerate(_CHECKED)}


@dataclass(frozen=True, slots=True)
class ResidentNumber:
    """What a resident number says that we use. Its first six digits name a region; nothing reads them."""

    birth_date: date
    is_male: bool


def normalise_number(number: str) -> str:
    """Return the normal form of a number: NFKC, upper case, only A-Z and 0-9 kept."""
    folded = unicodedata.normalize("NFKC", number).upper()
    return "".join(character for character in folded if character in _ALPHABET)


def compute_mod_11_2(digits: str) -> str:
    """Return the ISO 7064 MOD 11-2 check character ("0" to "9" or "X") of a string of digits."""
    total = 0
    for digit in digits:
        total = (total + int(digit)) * 2 % 11
    return "0123456789X"[(12 - total) % 11]


def compute_mod_10_731(text: str) -> str:
    """Return the ICAO 9303 check digit (weights 7-3-1, A = 10 to Z = 35, `<` = 0) of A-Z, 0-9 and `<`.

    Raises: KeyError for any other character.
    """
    return str(sum(_VALUES[character] * (7, 3, 1)[place % 3] for place, character in enumerate(text)) % 10)


def parse_resident_number(number: str) -> ResidentNumber:
    """Parse an 18-character resident number in normal form.

    Raises: InvalidDocument("number") when length, date or the MOD 11-2 check character is wrong.
    """
    if not has_mod_11_2(number):
        raise InvalidDocument("number")
    try:
        birth_date = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        raise InvalidDocument("number") from None
    return ResidentNumber(birth_date, is_male=int(number[16]) % 2 == 1)


def has_wrong_check(number: str) -> bool:
    """Tell whether a number in normal form looks like a resident number, and its date or check character is wrong."""
    if len(number) != 18 or not number[:17].isdigit():
        return False
    try:
        parse_resident_number(number)
    except InvalidDocument:
        return True
    return False


def has_mod_11_2(number: str) -> bool:
    """Tell whether a number is 17 digits and their MOD 11-2 check character."""
    body = number[:17]
    return len(number) == 18 and body.isascii() and body.isdigit() and compute_mod_11_2(body) == number[17]


def lengthen_resident_number(number: str) -> str:
    """Return the 18-character form of a 15-digit resident number (born 19YY), others unchanged."""
    if len(number) != 15 or not (number.isascii() and number.isdigit()):
        return number
    body = number[:6] + "19" + number[6:]
    return body + compute_mod_11_2(body)
