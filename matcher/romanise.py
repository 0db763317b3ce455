"""Every common way to write a Mandarin or Cantonese syllable in letters, by rule from its pinyin or jyutping.

Pinyin as on passports, Wade-Giles, the other systems of Taiwan's passports, jyutping, and Hong Kong's practice, which
has no rule but habits. Tones, apostrophes and hyphens are off before anything is compared. No two systems need agree
within one name: people's papers do not.
"""

from __future__ import annotations

from itertools import product
from typing import Final

from matcher.data_files import read_toml

_TABLES: Final = read_toml("romanisation.toml")
_MANDARIN: Final[dict[str, str]] = _TABLES["mandarin_initials"]
# Initials of two letters first; those that every system writes alike are in no table.
_INITIALS: Final = (*(each for each in _MANDARIN if len(each) == 2), *"bpmfdtnlgkhjqxrzcsyw")
_WHOLE: Final[dict[str, str]] = _TABLES["mandarin_whole"]
_FINALS: Final[dict[str, str]] = _TABLES["mandarin_finals"]
_CANTONESE_INITIALS: Final[dict[str, str]] = _TABLES["cantonese_initials"]
_CANTONESE_FINALS: Final[dict[str, str]] = _TABLES["cantonese_finals"]


def spell_mandarin(pinyin: str) -> frozenset[str]:
    """Return the ways to write a syllable given in toneless pinyin, ü as v; none longer than 6 letters."""
    initial = next((each for each in _INITIALS if pinyin.startswith(each)), "")
    rest = pinyin[len(initial) :]
    finals = {rest}
    if initial not in ("", "y", "w"):
        finals |= {_FINALS.get(rest, rest)}
    initials = _MANDARIN.get(initial, initial).split() or [""]
    found = {a + b for a, b in product(initials, finals)} | {pinyin} | set(_WHOLE.get(pinyin, "").split())
    return frozenset(way for each in found for way in spell_pinyin(each))


def spell_pinyin(pinyin: str) -> frozenset[str]:
    """Return a syllable with its ü written yu, u, or as the v of keyboards."""
    return frozenset(pinyin.replace("v", way) for way in ("yu", "u", "v"))


def spell_cantonese(jyutping: str) -> frozenset[str]:
    """Return the ways to write a syllable given in jyutping without its tone."""
    initial = next((each for each in ("ng", "gw", "kw") if jyutping.startswith(each) and len(jyutping) > 2), "")
    if not initial and jyutping[:1] in _CANTONESE_INITIALS and jyutping not in ("m", "ng"):
        initial = jyutping[:1]
    final = jyutping[len(initial) :]
    initials, finals = _CANTONESE_INITIALS[initial].split(), _CANTONESE_FINALS.get(final, final).split()
    found = {a.strip(".") + b for a, b in product(initials, finals)} | {jyutping}
    if final == "i" and initial in ("z", "c", "s"):
        found |= {"tze", "tse", "tsz", "sze", "tsze", "sz", "see"}
    if initial == "j":
        # The y is written once: yu, yuen, yip.
        found |= {"y" + b for b in finals} | {b for b in finals if b.startswith("y")}
        found |= {"yu" + b[1:] for b in finals if b[:1] == "u"}
    return frozenset(found)
