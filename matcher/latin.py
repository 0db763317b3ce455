"""Names in letters: into plain Latin parts, whatever alphabet they were written in.

Cyrillic, Greek and Arabic are transliterated, then the common ways to write one sound are folded into one, so that
`Yuliya`, `Iuliia` and `Юлия` meet. Folding is for comparing only; nothing folded is kept or shown.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_CYRILLIC = dict(
    zip(
        "абвгдеёжзийклмнопрстуфхцчшщъыьэюяіїєґўђјљњћџѓќѕ",
        ["a", "b", "v", "g", "d", "e", "e", "zh", "z", "i", "i", "k", "l", "m", "n", "o", "p", "r", "s", "t", "u", "f", "kh", "ts", "ch", "sh", "shch", ".", "y", ".", "e", "iu", "ia", "i", "i", "e", "g", "u", "dj", "j", "lj", "nj", "c", "dz", "g", "k", "dz"],
        strict=True,
    )
)
_GREEK = dict(
    zip(
        "αβγδεζηθικλμνξοπρσςτυφχψω",
        ["a", "v", "g", "d", "e", "z", "i", "th", "i", "k", "l", "m", "n", "x", "o", "p", "r", "s", "s", "t", "y", "f", "ch", "ps", "o"],
        strict=True,
    )
)
_ARABIC = dict(
    zip(
        "ابتثجحخدذرزسشصضطظعغفقكلمنهويةىأإآؤئءپچژگکی",
        ["a", "b", "t", "th", "j", "h", "kh", "d", "dh", "r", "z", "s", "sh", "s", "d", "t", "z", ".", "gh", "f", "q", "k", "l", "m", "n", "h", "w", "y", "a", "a", "a", "i", "a", "w", "y", ".", "p", "ch", "zh", "g", "k", "y"],
        strict=True,
    )
)
_SPECIAL = {"ß": "ss", "æ": "ae", "ø": "o", "œ": "oe", "ð": "d", "þ": "th", "ł": "l", "đ": "d", "ı": "i", "ħ": "h", "ə": "a"}
_LETTERS: Final = str.maketrans(
    {k: v.replace(".", "") for table in (_CYRILLIC, _GREEK, _ARABIC) for k, v in table.items()} | _SPECIAL
)
_NOT_LETTERS = re.compile(r"[^a-z]+")
_APOSTROPHES = re.compile("['\u2018\u2019\u02bc\u02bb`\u00b4\u02b9\u02ba]")
# Words that a name carries or leaves out without being another name, in whatever language.
PARTICLES: Final = frozenset(
    ["al", "el", "ul", "ibn", "bin", "bint", "ben", "bat", "abu", "um", "de", "da", "do", "dos", "das", "del", "della", "di", "du", "la", "le", "les", "van", "von", "der", "den", "zu", "zum", "af", "av", "y", "mc", "mac", "san", "st", "ter", "ten"]
)
# The ways to write one sound, longest first.
_SOUNDS: Final = (
    ("shch", "sh"), ("sch", "sh"), ("tch", "ch"), ("dzh", "j"), ("zh", "j"), ("dj", "j"), ("gi", "ji"), ("kh", "h"),
    ("gh", "g"), ("ph", "f"), ("th", "t"), ("dh", "d"), ("bh", "b"), ("ck", "k"), ("cz", "ch"), ("sz", "sh"),
    ("ou", "u"), ("oo", "u"), ("ee", "i"), ("ie", "i"), ("iy", "i"), ("yi", "i"), ("ae", "e"), ("oe", "o"),
    ("ue", "u"), ("ya", "ia"), ("ja", "ia"), ("yu", "iu"), ("ju", "iu"), ("ye", "e"), ("yo", "e"), ("ks", "x"),
    ("mp", "b"), ("mb", "b"), ("ts", "c"), ("tz", "c"), ("q", "k"), ("w", "v"), ("y", "i"), ("j", "i"),
)  # fmt: skip


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
