"""Reading letters as syllables: whether a name in Latin letters can be that name in Han characters."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from rapidfuzz.distance import Levenshtein

from matcher.findings import Part
from matcher.tables import GIVEN_RARITY, HAN, SURNAME_RARITY

RAREST_SYLLABLE = 9.0
PINYIN: Final = frozenset(syllable for each in HAN.values() for syllable in each.syllables)


def _rate(table: dict[str, float]) -> dict[str, float]:
    shares: dict[str, float] = defaultdict(float)
    for character, bits in table.items():
        if character in HAN and HAN[character].mandarin:
            shares[HAN[character].mandarin[0].rstrip("12345")] += 2**-bits
    return {syllable: max(2.0, -math.log2(share)) for syllable, share in shares.items()}


SURNAME_SYLLABLES: Final = _rate(SURNAME_RARITY)
GIVEN_SYLLABLES: Final = _rate(GIVEN_RARITY)


def rate_syllables(character: str, is_surname: bool) -> float:
    """Return how rare the sound of a character is in names, in bits; its commonest reading decides."""
    table = SURNAME_SYLLABLES if is_surname else GIVEN_SYLLABLES
    known = HAN.get(character)
    return min((table.get(each, RAREST_SYLLABLE) for each in (known.syllables if known else ())), default=RAREST_SYLLABLE)


def cover_letters(letters: str, spellings: Sequence[frozenset[str]]) -> list[str]:
    """Return a grade for each of a row of syllables that together should spell `letters`.

    All "romanised" where they do. Else one of them is missing, a typo or different; where no single one explains it,
    all are different. `spellings` holds the ways to write each syllable.
    """
    ends = [{0}]
    for ways in spellings:
        ends.append({at + len(way) for at in ends[-1] for way in ways if letters.startswith(way, at)})
    if len(letters) in ends[-1]:
        return ["romanised"] * len(spellings)
    starts = [{len(letters)}]
    for ways in reversed(spellings):
        starts.append({at - len(way) for at in starts[-1] for way in ways if letters.endswith(way, 0, at)})
    starts.reverse()
    found = ["different"] * len(spellings)
    order = ("typo", "missing", "different")
    best = "different"
    for place, ways in enumerate(spellings):
        grade = _explain(letters, ends[place], starts[place + 1], ways)
        if grade and order.index(grade) <= order.index(best):
            best = grade
            found = ["romanised"] * place + [grade] + ["romanised"] * (len(spellings) - place - 1)
    return found


def _explain(letters: str, begins: set[int], stops: set[int], ways: frozenset[str]) -> str:
    """Return what became of the one syllable between the rest: typo, missing, different, or "" if the rest fails."""
    pieces = {letters[a:b] for a in begins for b in stops if a <= b}
    if not pieces:
        return ""
    if any(len(piece) >= 2 and Levenshtein.distance(way, piece, score_cutoff=1) <= 1 for piece in pieces for way in ways):
        return "typo"
    return "missing" if "" in pieces else "different"


def segment_pinyin(letters: str) -> tuple[str, ...]:
    """Return letters as the fewest pinyin syllables, or nothing where they cannot be read so."""
    best: list[tuple[str, ...] | None] = [()] + [None] * len(letters)
    for end in range(1, len(letters) + 1):
        for start in range(max(0, end - 6), end):
            before, syllable = best[start], letters[start:end]
            if before is not None and syllable in PINYIN and (best[end] is None or len(before) + 1 < len(best[end] or ())):
                best[end] = (*before, syllable)
    return best[-1] or ()


def rate_pinyin(letters: str) -> float:
    """Return how rare letters are as a given name in pinyin, in bits; RAREST twice where they cannot be one."""
    syllables = segment_pinyin(letters)
    if not syllables or len(syllables) > 2:
        return 2 * RAREST_SYLLABLE
    return sum(GIVEN_SYLLABLES.get(each, RAREST_SYLLABLE) for each in syllables)


def grade_parts(grades: Sequence[str], rarities: Sequence[float]) -> list[Part]:
    """Join grades and rarities."""
    return [Part(grade, rarity) for grade, rarity in zip(grades, rarities, strict=True)]
