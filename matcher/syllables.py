"""Reading letters as syllables: whether a name in Latin letters can be that name in Han characters."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from rapidfuzz.distance import OSA

from matcher.findings import Part
from matcher.romanise import spell_cantonese, spell_mandarin
from matcher.tables import GIVEN_RARITY, HAN, MOST_OF_A_SURNAME, SURNAME_RARITY

RAREST_SYLLABLE = 9.0
UNKNOWN_WORD = 20.0  # bits, of letters that are no name and no syllable: a slip makes such
_VOWELS: Final = frozenset("aeiouv")
PINYIN: Final = frozenset(each for known in HAN.values() for each in known.syllables if _VOWELS & set(each))
SPELLED: Final = frozenset(way for syllable in PINYIN for way in spell_mandarin(syllable))
SPELLED_CANTONESE: Final = frozenset(
    way
    for syllable in {reading.rstrip("123456") for known in HAN.values() for reading in known.cantonese}
    for way in spell_cantonese(syllable)
)
_ROMANISED: Final = Part("romanised")
_ORDER: Final = ("typo", "typo_known", "missing", "different")


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
    most = MOST_OF_A_SURNAME if is_surname else RAREST_SYLLABLE
    return min(most, min((table.get(each, most) for each in (known.syllables if known else ())), default=most))


def cover_letters(letters: str, spellings: Sequence[frozenset[str]], known: frozenset[str] = SPELLED) -> list[Part]:
    """Return a grade for each of a row of syllables that together should spell `letters`.

    All "romanised" where they do. Else one of them is missing, a typo or different; where no single one explains it,
    all are different. `spellings` holds the ways to write each syllable, `known` all syllables of their systems. Only
    of a typo the rarity is given.
    """
    ends = [{0}]
    for ways in spellings:
        ends.append({at + len(way) for at in ends[-1] for way in ways if letters.startswith(way, at)})
    if len(letters) in ends[-1]:
        return [_ROMANISED] * len(spellings)
    starts = [{len(letters)}]
    for ways in reversed(spellings):
        starts.append({at - len(way) for at in starts[-1] for way in ways if letters.endswith(way, 0, at)})
    starts.reverse()
    best, where = Part("different"), -1
    for place, ways in enumerate(spellings):
        part = _explain(letters, ends[place], starts[place + 1], ways, known)
        if part is not None and _ORDER.index(part.grade) <= _ORDER.index(best.grade):
            best, where = part, place
    if best.grade == "different" and _is_covered_swapped(letters, spellings):
        best, where = Part("typo", UNKNOWN_WORD), 0
    if where < 0:
        return [best] * len(spellings)
    if best.grade == "typo" and (other := _read_otherwise(letters, spellings)):
        best = other
    return [best if place == where else _ROMANISED for place in range(len(spellings))]


def is_covered(letters: str, spellings: Sequence[frozenset[str]]) -> bool:
    """Tell whether a row of syllables spells `letters` without any error."""
    ends = {0}
    for ways in spellings:
        ends = {at + len(way) for at in ends for way in ways if letters.startswith(way, at)}
        if not ends:
            return False
    return len(letters) in ends


def _read_otherwise(letters: str, spellings: Sequence[frozenset[str]]) -> Part | None:
    """Return the letters as another name, where they are as many pinyin syllables: YASHAN for YAHAN is no misprint."""
    syllables = segment_pinyin(letters)
    if len(syllables) != len(spellings):
        return None
    odd = [each for each, ways in zip(syllables, spellings, strict=True) if each not in ways]
    return Part("typo_known", min((GIVEN_SYLLABLES.get(each, RAREST_SYLLABLE) for each in odd), default=0.0))


def _is_covered_swapped(letters: str, spellings: Sequence[frozenset[str]]) -> bool:
    """Tell whether swapping two neighbours, across the border of two syllables too, makes the letters fit."""
    for place in range(len(letters) - 1):
        turned = letters[:place] + letters[place + 1] + letters[place] + letters[place + 2 :]
        if is_covered(turned, spellings):
            return True
    return False


def _explain(
    letters: str, begins: set[int], stops: set[int], ways: frozenset[str], known: frozenset[str]
) -> Part | None:
    """Return what became of the one syllable between the rest: typo, missing, different; None if the rest fails."""
    pieces = {letters[a:b] for a in begins for b in stops if a <= b}
    if not pieces:
        return None
    near = [piece for piece in pieces if piece and any(OSA.distance(way, piece, score_cutoff=1) <= 1 for way in ways)]
    # Letters that are another syllable are rather that syllable than a slip.
    others = [GIVEN_SYLLABLES.get(piece, RAREST_SYLLABLE) for piece in near if piece in known]
    if others:
        return Part("typo_known", min(others))
    if near:
        return Part("typo", UNKNOWN_WORD)
    return Part("missing") if "" in pieces else Part("different")


def segment_pinyin(letters: str) -> tuple[str, ...]:
    """Return letters as the fewest pinyin syllables, or nothing where they cannot be read so."""
    best: list[tuple[str, ...] | None] = [()] + [None] * len(letters)
    for end in range(1, len(letters) + 1):
        for start in range(max(0, end - 6), end):
            before, syllable = best[start], letters[start:end]
            if (
                before is not None
                and syllable in PINYIN
                and (best[end] is None or len(before) + 1 < len(best[end] or ()))
            ):
                best[end] = (*before, syllable)
    return best[-1] or ()


def rate_pinyin(letters: str) -> float:
    """Return how rare letters are as a given name in pinyin, in bits; RAREST twice where they cannot be one."""
    syllables = segment_pinyin(letters)
    if not syllables or len(syllables) > 2:
        return 2 * RAREST_SYLLABLE
    return sum(GIVEN_SYLLABLES.get(each, RAREST_SYLLABLE) for each in syllables)
