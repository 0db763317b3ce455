"""How two Han characters compare, and how a name of them falls into surname and given name."""

from __future__ import annotations

from typing import Final

from rapidfuzz.distance import Levenshtein

from matcher.data_files import read_toml
from matcher.tables import HAN, Shape, read_shape


def standardise(text: str) -> str:
    """Return a text with each Han character in the one form that stands for all its written forms."""
    return "".join(HAN[each].standard if each in HAN else each for each in text)


_SURNAMES: Final = read_toml("surnames.toml")
_DOUBLE_SURNAMES: Final = frozenset(map(standardise, _SURNAMES["double"]["surnames"].split()))
_MANDARIN: Final = {standardise(each): tuple(ways.split()) for each, ways in _SURNAMES["mandarin"].items()}
_CANTONESE: Final = {standardise(each): tuple(ways.split()) for each, ways in _SURNAMES["cantonese"].items()}


def split_surname(text: str) -> tuple[str, str]:
    """Return surname and given name of a whole name: two characters where they are a known double surname."""
    length = 2 if len(text) > 2 and standardise(text[:2]) in _DOUBLE_SURNAMES else 1
    return text[:length], text[length:]


def list_surname_readings(character: str) -> tuple[str, ...]:
    """Return the Mandarin readings that a character has besides as a surname."""
    return _MANDARIN.get(standardise(character), ())


def list_surname_spellings(character: str) -> tuple[str, ...]:
    """Return the Cantonese spellings that a character has besides as a surname."""
    return _CANTONESE.get(standardise(character), ())


def grade_characters(listed: str, guest: str, is_surname: bool = False) -> str:
    """Return same, variant, same_sound_and_tone, same_sound, look_alike or different."""
    if listed == guest:
        return "same"
    a, b = HAN.get(listed), HAN.get(guest)
    if a is None or b is None:
        return "different"
    if a.standard == b.standard:
        return "variant"
    if a.syllables & b.syllables:
        return "same_sound_and_tone" if {*a.mandarin} & {*b.mandarin} else "same_sound"
    if is_surname and {*a.mandarin, *list_surname_readings(listed)} & {*b.mandarin, *list_surname_readings(guest)}:
        return "same_sound_and_tone"
    return "look_alike" if look_alike(listed, guest) else "different"


def look_alike(first: str, second: str) -> bool:
    """Tell whether two characters may be taken for each other by eye or by a reading machine."""
    a, b = read_shape(first), read_shape(second)
    if a is None or b is None:
        return False
    if second in a.look_alikes or first in b.look_alikes:
        return True
    strokes = abs(a.strokes - b.strokes)
    if strokes > 4:
        return False
    return bool(a.phonetics & b.phonetics) or _look_near(a, b, strokes)


def _look_near(a: Shape, b: Shape, strokes: int) -> bool:
    """Decide by corners, Cangjie parts and strokes; fitted on nothing, read off how the codes are made."""
    corners = sum(x != y for x, y in zip(a.corners, b.corners, strict=False)) if a.corners and b.corners else 9
    parts = Levenshtein.distance(a.cangjie, b.cangjie)
    longest = max(len(a.cangjie), len(b.cangjie))
    if longest >= 3 and parts <= 1:
        return True
    if strokes > 3:
        return False
    if corners == 0 or (parts <= 2 and longest >= 4 and strokes <= 2 and corners <= 2):
        return True
    if strokes <= 2 and corners <= 1:
        return max(a.strokes, b.strokes) <= 6 or parts <= 2
    return strokes <= 1 and longest <= 3 and parts <= 1
