"""What a name is made of: Han characters, parts between dots, or Latin parts; nothing else is known of it."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from typing import Final, Literal

from matcher.han import split_surname
from matcher.latin import split_latin
from matcher.person import PersonName
from matcher.tables import HAN

Script = Literal["han", "dotted", "latin", "other"]
MOST_PARTS = 12
# The many dots that stand between the parts of a name in Han characters.
_DOTS: Final = re.compile("[·•‧・･․∙⋅●.。．\u00b7\u2022\u2219\u30fb\uff65/]+")
_SPACES: Final = re.compile(r"[\s\u3000,，、<]+")
_ALPHABETS: Final = ("LATIN", "CYRILLIC", "GREEK", "ARABIC")


@dataclass(frozen=True, slots=True)
class NameForm:
    """One name, taken apart for comparing."""

    script: Script
    surname: str = field(default="", repr=False)  # han only
    given: str = field(default="", repr=False)  # han only
    parts: tuple[str, ...] = field(default=(), repr=False)  # dotted: runs of Han; latin: plain letters
    alphabet: str = ""  # latin: the alphabet of its first letter, as Unicode names it
    text: str = field(default="", repr=False)


def parse_name(name: PersonName) -> NameForm:
    """Take a name apart. A name of more than 12 parts keeps the first 12."""
    surname, given = _clean(name.surname), _clean(name.given)
    whole = _clean(name.full) or f"{surname} {given}".strip()
    joined = _SPACES.sub("", whole)
    if any(each in HAN for each in joined):
        return _parse_han(whole, surname, given)
    if not _find_alphabet(joined):
        return NameForm("other", text=joined.casefold())
    if surname and given:
        parts = (split_latin(surname) + split_latin(given))[:MOST_PARTS]
    else:
        parts = split_latin(whole)[:MOST_PARTS]
    return NameForm("latin", parts=parts, alphabet=_find_alphabet(whole), text=joined.casefold())


def _parse_han(whole: str, surname: str, given: str) -> NameForm:
    bare = _SPACES.sub("", whole)
    if _DOTS.search(whole):
        parts = tuple(part for part in map(_only_han, _DOTS.split(bare)) if part)[:MOST_PARTS]
        if len(parts) > 1:
            return NameForm("dotted", parts=parts, text=bare)
    first, rest = _only_han(surname), _only_han(given)
    if not (first and rest):
        words = [word for word in map(_only_han, _SPACES.split(whole.strip())) if word]
        if len(words) == 2 and len(words[0]) <= 2:
            first, rest = words
        else:
            first, rest = split_surname(_only_han(bare))
    return NameForm("han", surname=first, given=rest, text=first + rest)


def _clean(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip()


def _only_han(text: str) -> str:
    return "".join(each for each in text if each in HAN)


def _find_alphabet(text: str) -> str:
    names = (unicodedata.name(each, "") for each in text)
    return next((alphabet for name in names for alphabet in _ALPHABETS if name.startswith(alphabet)), "")
