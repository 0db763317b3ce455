"""Names of rooms as an owner types them quickly: "101-112 201 203, A1-A4"."""

from __future__ import annotations

import re
import unicodedata

MOST_ROOMS = 500
MOST_NAME = 16
_SEPARATORS = re.compile(r"[\s,;、，；]+")
_RANGE = re.compile(r"(\D*)(\d{1,6})-(\D*)(\d{1,6})")


class RoomsRefused(Exception):
    """These names of rooms cannot be used. `code` says why."""

    def __init__(self, code: str, name: str = "") -> None:
        super().__init__(code)
        self.code, self.name = code, name


def expand_rooms(typed: str) -> tuple[str, ...]:
    """Return the names in the order in which they were typed.

    Raises: RoomsRefused with rooms_none, rooms_range (not two ends of one row), rooms_name, rooms_twice or rooms_many,
    and the name that it is about.
    """
    text = re.sub(r"\s*[-–—~～至到]\s*", "-", unicodedata.normalize("NFKC", typed)).strip(" ,;、-")
    found: dict[str, None] = {}
    for token in filter(None, _SEPARATORS.split(text)):
        for name in _expand(token):
            if len(name) > MOST_NAME or not name.isprintable():
                raise RoomsRefused("rooms_name", name[:MOST_NAME])
            if name in found:
                raise RoomsRefused("rooms_twice", name)
            found[name] = None
            if len(found) > MOST_ROOMS:
                raise RoomsRefused("rooms_many")
    if not found:
        raise RoomsRefused("rooms_none")
    return tuple(found)


def _expand(token: str) -> list[str]:
    if "-" not in token:
        return [token]
    match = _RANGE.fullmatch(token)
    if match is None:
        raise RoomsRefused("rooms_range", token[:MOST_NAME])
    prefix, first, other, last = match.groups()
    if other not in ("", prefix) or not 0 <= int(last) - int(first) < MOST_ROOMS or len(first) > len(last):
        raise RoomsRefused("rooms_range", token[:MOST_NAME])
    # 01 to 12 keep their zero.
    return [f"{prefix}{number:0{len(first)}}" for number in range(int(first), int(last) + 1)]
