"""The tables in `matcher/data`, read once. They hold characters, syllables and shares of names, never a person."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final

from matcher.data_files import read_rows
from matcher.romanise import spell_cantonese, spell_mandarin, spell_pinyin

RAREST_HAN = 13.0  # bits, of a character that no list of names has
RAREST_LATIN = 15.0
MOST_OF_A_SURNAME = 6.0  # a family shares it, and the numbers of a family are near each other


@dataclass(frozen=True, slots=True)
class Shape:
    """What a character looks like, in three codes that were made for finding characters by their looks."""

    corners: str
    cangjie: str
    strokes: int
    look_alikes: str  # named as such by Unicode
    phonetics: frozenset[str]


@dataclass(frozen=True, slots=True)
class HanCharacter:
    """One Han character: the form that stands for all its written forms, its readings, and its shape."""

    standard: str
    mandarin: tuple[str, ...]  # pinyin and tone, such as ming2
    syllables: frozenset[str]  # pinyin without the tone
    cantonese: tuple[str, ...]
    shape: str


@cache
def _spell(language: str, syllable: str) -> frozenset[str]:
    return spell_mandarin(syllable) if language == "mandarin" else spell_cantonese(syllable)


@dataclass(frozen=True, slots=True)
class Spellings:
    """The ways to write a character in letters: in pinyin, in any system of Mandarin, and in Cantonese."""

    pinyin: frozenset[str]
    mandarin: frozenset[str]
    cantonese: frozenset[str]

    @property
    def every(self) -> frozenset[str]:
        """Return every way of every system."""
        return self.mandarin | self.cantonese


def spell_character(character: str, readings: tuple[str, ...] = (), written: tuple[str, ...] = ()) -> Spellings:
    """Return the ways to write a character; `readings` are pinyin, `written` Cantonese it has besides as a surname."""
    known = HAN.get(character)
    if known is None:
        return Spellings(frozenset(), frozenset(), frozenset())
    syllables = {reading.rstrip("12345") for reading in (*known.mandarin, *readings)}
    return Spellings(
        frozenset(way for syllable in syllables for way in spell_pinyin(syllable)),
        frozenset(way for syllable in syllables for way in _spell("mandarin", syllable)),
        frozenset(written).union(*(_spell("cantonese", each.rstrip("123456")) for each in known.cantonese)),
    )


def read_shape(character: str) -> Shape | None:
    """Return the shape codes of a character, or None for one that the table lacks."""
    known = HAN.get(character)
    if known is None:
        return None
    corners, cangjie, strokes, look_alikes, phonetics = known.shape.split("\t")
    return Shape(
        corners.split(".")[0], cangjie, int(strokes or 0), look_alikes, frozenset(filter(None, phonetics.split(",")))
    )


def _read_han() -> dict[str, HanCharacter]:
    found = {}
    for character, standard, mandarin, cantonese, *shape in read_rows("han.tsv"):
        readings = tuple(filter(None, mandarin.split(",")))
        found[character] = HanCharacter(
            standard or character,
            readings,
            _share(frozenset(reading.rstrip("12345") for reading in readings)),
            tuple(filter(None, cantonese.split(","))),
            "\t".join(shape),
        )
    return found


_SHARED: dict[frozenset[str], frozenset[str]] = {}


def _share(value: frozenset[str]) -> frozenset[str]:
    """Return the one copy of a set; 21,000 characters have few different ones."""
    return _SHARED.setdefault(value, value)


def _read_frequencies(role: str) -> dict[str, float]:
    return {token: float(bits) for which, token, bits in read_rows("frequencies.tsv") if which == role}


HAN: Final = _read_han()
SURNAME_RARITY: Final = _read_frequencies("surname")
GIVEN_RARITY: Final = _read_frequencies("given")
LATIN_RARITY: Final = _read_frequencies("latin")
NICKNAMES: Final = {short: frozenset(full.split(",")) for short, full in read_rows("nicknames.tsv")}
