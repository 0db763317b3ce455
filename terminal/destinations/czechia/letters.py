"""Letters the Czech register takes in a name, and what becomes of those it does not: never anything silently."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field

ENCODING = "cp1250"

# ICAO 9303-3, section 6: what a passport's own machine-readable zone prints for letters that lose more than a mark.
_ICAO = {
    "Å": "AA", "Æ": "AE", "Ø": "OE", "Œ": "OE", "Þ": "TH", "Ð": "D", "Ħ": "H", "Ŧ": "T", "Ŋ": "N", "Ĳ": "IJ",
    "ı": "I", "İ": "I", "ĸ": "Q", "Ŀ": "L", "Ə": "E", "ẞ": "SS",
}  # fmt: skip
# The same sign, written otherwise.
_SIGNS = {"’": "'", "‘": "'", "ʼ": "'", "ʻ": "'", "`": "'", "´": "'", "‐": "-", "‑": "-", "–": "-", "—": "-"}
# Left out, and said so: the rules know no such sign, and a name does not depend on it.
_DROPPED = frozenset(".,·")


class NotWritten(ValueError):
    """The name has letters that are not Latin, or signs that no name has."""


@dataclass(frozen=True, slots=True)
class Written:
    """A text as it is sent, and whether that is how the document prints it."""

    text: str = field(repr=False)
    is_changed: bool = False


def _list_letters() -> frozenset[str]:
    letters = {chr(code) for code in range(128) if chr(code).isalpha()}
    for code in range(128, 256):
        letter = bytes([code]).decode(ENCODING, "ignore")
        if letter and unicodedata.name(letter, "").startswith("LATIN"):
            letters.add(letter)
    return frozenset(letters)


LETTERS = _list_letters()


def write_name(name: str) -> Written:
    """Return a name in the letters of Windows-1250, apostrophe, hyphen and single spaces.

    Letters that only lose their mark keep it off (Ñ is N); others follow ICAO 9303-3 (Ø is OE), as the passport's own
    machine-readable zone does. Raises: NotWritten for any script but Latin, for digits, and for anything else.
    """
    plain = " ".join(unicodedata.normalize("NFC", name).split())
    sent = " ".join("".join(_write_sign(sign) for sign in plain).split())
    return Written(sent, is_changed=sent != plain)


def is_written(text: str) -> bool:
    """Tell whether a text has nothing but what the register takes in a name."""
    return all(sign in LETTERS or sign in "'- " for sign in text) and text == " ".join(text.split())


def _write_sign(sign: str) -> str:
    if sign in LETTERS or sign in "'- ":
        return sign
    if sign in _SIGNS:
        return _SIGNS[sign]
    if sign in _DROPPED:
        return " "
    if sign.upper() in _ICAO and len(sign.upper()) == 1:
        written = _ICAO[sign.upper()]
        return written if sign.isupper() else written.lower()
    if sign in _ICAO:
        return _ICAO[sign].lower()
    base = unicodedata.normalize("NFKD", sign)[:1]
    if base not in LETTERS or not unicodedata.name(sign, "").startswith("LATIN"):
        raise NotWritten
    return base


def fits_encoding(text: str) -> bool:
    """Tell whether Windows-1250 holds every sign of a text, and the text none that would end a field or a line."""
    if any(sign == "|" or unicodedata.category(sign) == "Cc" for sign in text):
        return False
    try:
        text.encode(ENCODING)
    except UnicodeEncodeError:
        return False
    return True
