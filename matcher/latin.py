"""Names in letters: into plain Latin parts, whatever alphabet they were written in.

Cyrillic, Greek and Arabic are transliterated, then the common ways to write one sound are folded into one, so that
`Yuliya`, `Iuliia` and `Юлия` meet. Folding is for comparing only; nothing folded is kept or shown.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from matcher.data_files import read_toml

_TABLES: Final = read_toml("alphabets.toml")
_LETTERS: Final = str.maketrans(
    {
        letter: written.replace(".", "")
        for alphabet in ("cyrillic", "greek", "arabic", "special")
        for letter, written in _TABLES[alphabet].items()
    }
)
_NOT_LETTERS = re.compile(r"[^a-z]+")
_APOSTROPHES = re.compile("['\u2018\u2019\u02bc\u02bb`\u00b4\u02b9\u02ba]")
PARTICLES: Final = frozenset(_TABLES["words"]["particles"].split())
_SOUNDS: Final[tuple[tuple[str, str], ...]] = tuple(_TABLES["sounds"].items())
# Consonants that the dialects and neighbours of Arabic exchange.
_DIALECTS: Final = str.maketrans("tp", "db")


def to_latin(text: str) -> str:
    """Return lower-case letters a-z and spaces: accents off, other alphabets transliterated."""
    plain = _APOSTROPHES.sub("", unicodedata.normalize("NFKC", text).casefold())
    plain = plain.replace("ου", "ou").replace("ού", "ou")
    plain = unicodedata.normalize("NFD", plain.translate(_LETTERS))
    plain = "".join(each for each in plain if not unicodedata.combining(each)).translate(_LETTERS)
    return _NOT_LETTERS.sub(" ", plain).strip()


def split_latin(text: str) -> tuple[str, ...]:
    """Return the parts of a name in plain Latin letters."""
    return tuple(to_latin(text).split())


def fold_token(token: str) -> str:
    """Return a part without what the spellings of one sound differ in."""
    for spelling, sound in _SOUNDS:
        if spelling in token:
            token = token.replace(spelling, sound)
    kept = [each for place, each in enumerate(token) if place == 0 or token[place - 1] != each]
    return "".join(kept)


def drop_vowels(token: str) -> str:
    """Return the consonants of a folded part, which is all that Arabic letters write."""
    return token[:1].translate(str.maketrans("eiou", "aaaa")) + re.sub("[aeiouv]", "", token[1:])


def skeleton(token: str) -> str:
    """Return a part's consonants as Arabic letters have them, with those that its dialects exchange folded too."""
    plain = fold_token(token.replace("j", "g")).replace("sh", "c").replace("ch", "c").translate(_DIALECTS)
    return re.sub("[aeiouv]", "", plain).rstrip("h")
