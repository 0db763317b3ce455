"""A scanner as a stream of text: finds the zones in what it types, whatever ends its lines. Pure.

Scanners end a line with CR, LF, both, a tab or nothing at all, and may put a prefix before the first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from drivers.errors import MrzCheckFailed, MrzUnreadable
from drivers.proto.mrz import Mrz
from drivers.proto.mrz_repair import read_mrz

# Lines and their length, longest first: the end of a longer zone must not pass for a shorter one.
_SHAPES = ((3, 30), (2, 44), (2, 36))
_SHORTEST_LINE = 30
MAX_TEXT = 1024  # characters; the longest zone has 90
_NO_MRZ_CHARACTER = re.compile(r"[^A-Z0-9<]+")


def find_mrz(text: str) -> Mrz:
    """Return the zone in a text, repaired where that is proved; the last one if there are several.

    Raises: MrzUnreadable, MrzCheckFailed: of the lines that came closest.
    """
    closest: MrzUnreadable | MrzCheckFailed = MrzUnreadable("lines")
    for lines in _list_candidates(_split(text[-MAX_TEXT:])):
        try:
            return read_mrz(lines)
        except MrzCheckFailed as error:
            if not isinstance(closest, MrzCheckFailed):
                closest = error
        except MrzUnreadable as error:
            if isinstance(closest, MrzUnreadable) and closest.field == "lines":
                closest = error
    raise closest


class MrzCollector:
    """Collects what a scanner sends and hands it on zone by zone, as text for `find_mrz`."""

    def __init__(self) -> None:
        self._text = ""

    def feed(self, text: str) -> list[str]:
        """Take what arrived; return the zones that are complete by their line ends."""
        found = []
        for character in text:
            self._text = (self._text + character)[-MAX_TEXT:]
            if _NO_MRZ_CHARACTER.match(character.upper()) and self._is_complete():
                found += self.flush()
        return found

    def _is_complete(self) -> bool:
        """Tell whether the lines so far are a zone, or have exactly the shape of one that was misread.

        A longer first line may be a prefix and the first of a zone, but as well the rest of an earlier scan.
        """
        lines = _split(self._text)
        shapes = list(_list_at_end(lines)) if lines else []
        return any(lines[-len(shape) :] == shape for shape in shapes) or (bool(shapes) and self.holds_zone())

    def holds_zone(self) -> bool:
        """Tell whether what has come so far is a zone that only its line end is missing of."""
        if "<" not in self._text:
            return False
        try:
            find_mrz(self._text)
        except (MrzUnreadable, MrzCheckFailed):
            return False
        return True

    def flush(self) -> list[str]:
        """Return what has come so far, if it looks like a zone or a line of one, and begin anew.

        For when the scanner has fallen silent. A line alone is handed on too, so that somebody is told.
        """
        text, self._text = self._text, ""
        return [text] if "<" in text and len(text) >= _SHORTEST_LINE else []


def _split(text: str) -> list[str]:
    return [line for line in _NO_MRZ_CHARACTER.split(text.upper()) if line]


def _list_candidates(lines: list[str]) -> Iterator[list[str]]:
    """Yield what may be the lines of a zone, the latest first."""
    for end in range(len(lines), 0, -1):
        yield from _list_at_end(lines[:end])


def _list_at_end(lines: list[str]) -> Iterator[list[str]]:
    """Yield what the last lines may be, in one piece or line by line; before the first there may be a prefix."""
    for count, width in _SHAPES:
        whole = lines[-1][-count * width :]
        if len(whole) == count * width:
            yield [whole[n * width : (n + 1) * width] for n in range(count)]
        some = lines[-count:]
        if len(some) == count and len(some[0]) >= width and all(len(line) == width for line in some[1:]):
            yield [some[0][-width:], *some[1:]]
