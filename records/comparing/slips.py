"""The strings by which a number is found: its normal form, and each string that lacks one character of it.

Two numbers that differ by one wrong, missing or additional character, or by two neighbours swapped, share at least
one string. Terminal and screening office derive their tags of the day from these strings and from nothing else.
"""

from __future__ import annotations

from records.documents import DocumentKind
from records.errors import InvalidDocument
from records.numbers import lengthen_resident_number, normalise_number

MOST_STRINGS = 24
# A longer number would need more strings than a comparison carries. Shortened, it would also find whoever shares
# its beginning, so it is refused.
MOST_CHARACTERS = MOST_STRINGS - 1
# Of numbers this short a great part lie within one slip of each other: one decision would open many strangers.
FEWEST_CHARACTERS = 5

# Kinds whose numbers are digits alone, but for a resident number's check character X. Of the other kinds one form at
# least has letters, and what stands there cannot be told from the number.
_ALL_DIGITS = frozenset(
    {DocumentKind.RESIDENT_CARD, DocumentKind.TEMPORARY_CARD, DocumentKind.RESIDENCE_PERMIT_HK_MO_TW}
)
# Only resident numbers had 15 digits before 1999. Another kind's 15 digits, lengthened, would gain a check character
# that changes with every misread digit, and be found no more.
_RESIDENT = frozenset({DocumentKind.RESIDENT_CARD, DocumentKind.TEMPORARY_CARD})
_OCR_LETTERS = str.maketrans("OQDILZSGB", "000112568")


def normal_form(kind: str, number: str) -> str:
    """Return the one form of a number: A-Z and 0-9; of all-digit kinds, letters as the digits they look like.

    A resident number of 15 digits becomes the one of 18. `kind` is a code as in `records/documents.py`; an unknown one
    is treated as a kind with letters. Never raises.
    """
    plain = normalise_number(number)
    if kind in _ALL_DIGITS:
        plain = plain.translate(_OCR_LETTERS)
    return lengthen_resident_number(plain) if kind in _RESIDENT else plain


def tag_strings(kind: str, number: str) -> tuple[str, ...]:
    """Return the normal form, then each different string that lacks one of its characters: at most 24.

    Raises: InvalidDocument("number") for fewer than 5 or more than 23 characters, which are not compared.
    """
    form = normal_form(kind, number)
    if not FEWEST_CHARACTERS <= len(form) <= MOST_CHARACTERS:
        raise InvalidDocument("number")
    return tuple(dict.fromkeys([form, *(form[:place] + form[place + 1 :] for place in range(len(form)))]))
