"""Looking for a guest in whatever a program leaves behind: their marks, in every form they may be written in."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be", "gbk")


@dataclass(frozen=True, slots=True)
class Mark:
    """One fact about a guest, and the texts as which it may be written."""

    name: str
    texts: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True, order=True)
class Found:
    """A mark, and where it was found in which form."""

    place: str
    mark: str
    form: str


def list_forms(text: str) -> dict[str, bytes]:
    """Return the bytes as which a text may lie on a disk or stand in a log."""
    forms: dict[str, bytes] = {}
    for encoding in ENCODINGS:
        try:
            raw = text.encode(encoding)
        except UnicodeEncodeError:
            continue
        forms |= {encoding: raw, f"{encoding} hex": raw.hex().encode(), f"{encoding} HEX": raw.hex().upper().encode()}
        # Without what depends on its neighbours, at each of the three places where it may begin.
        for shift in range(3):
            whole = base64.b64encode(bytes(shift) + raw)
            inner = whole[4 if shift else 0 : -4 if (shift + len(raw)) % 3 else None]
            forms[f"{encoding} base64+{shift}"] = inner
            forms[f"{encoding} base64url+{shift}"] = inner.replace(b"+", b"-").replace(b"/", b"_")
        forms[f"{encoding} repr"] = repr(raw)[2:-1].encode()
    forms["json"] = json.dumps(text)[1:-1].encode()
    forms["percent"] = quote(text).encode()
    forms["percent, small"] = quote(text).lower().encode()
    return {name: form for name, form in forms.items() if len(form) >= 6}


class Search:
    """Searches for marks; what it looks for is prepared once."""

    def __init__(self, marks: Iterable[Mark]) -> None:
        found: dict[bytes, tuple[str, str]] = {}
        for mark in marks:
            for text in mark.texts:
                for form, data in list_forms(text).items():
                    found.setdefault(data, (mark.name, form))
        self._wanted = found

    def look_into(self, place: str, data: bytes) -> set[Found]:
        """Return what is found in some bytes."""
        return {Found(place, *named) for wanted, named in self._wanted.items() if wanted in data}

    def look_below(self, folder: Path) -> set[Found]:
        """Return what is found in all files below a folder, and in their names."""
        found: set[Found] = set()
        for path in _list_files(folder):
            place = str(path.relative_to(folder))
            found |= self.look_into(place, path.read_bytes())
            found |= self.look_into(f"name of {place}", str(path.relative_to(folder)).encode())
        return found


def _list_files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
