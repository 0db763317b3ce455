"""Oversight's book of what it countersigned: leaves, days and numbers. It names nobody, and must not be lost."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import msgspec

from oversight.comparing.errors import BookDamaged, FolderInUse
from oversight.keys import write_private
from records.comparing.texts import MAX_U32

BOOK_FILE = "countersigned.json"


@dataclass(frozen=True, slots=True)
class SeenDecision:
    """A decision that somebody has read in full and said yes to."""

    leaf: bytes
    valid_until: date


class _Seen(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    leaf: str
    valid_until: date


class _File(msgspec.Struct, forbid_unknown_fields=True):
    lists: int = 0  # the number of the newest list
    shown_on: date | None = None
    shown: int = 0  # on that day
    seen: list[_Seen] = []


@contextmanager
def hold_folder(folder: Path, name: str) -> Iterator[None]:
    """Be the only process that works with a folder. Raises: FolderInUse."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(folder / f"{name}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "rb+", buffering=0):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise FolderInUse(folder.name) from None
        yield


class Book:
    """The book, written through at each change: a step that was not written down has not been taken."""

    def __init__(self, folder: Path) -> None:
        """Open the book of a folder; an absent one is empty. Raises: BookDamaged."""
        self._path = folder / BOOK_FILE
        self._file = _read(self._path)
        self._leaves = {bytes.fromhex(each.leaf) for each in self._file.seen}

    @property
    def seen(self) -> AbstractSet[bytes]:
        """The leaves of decisions that were said yes to."""
        return self._leaves

    @property
    def newest_list(self) -> int:
        """The number of the newest list; 0 before the first."""
        return self._file.lists

    def count_shown(self, today: date) -> int:
        """Return how many new decisions were shown today. A clock that went back does not begin a day anew."""
        day = self._file.shown_on
        return self._file.shown if day is not None and today <= day else 0

    def note_shown(self, today: date) -> None:
        """Count one that is about to be shown."""
        shown = self.count_shown(today)
        day = self._file.shown_on
        self._file.shown_on = today if day is None or today > day else day
        self._file.shown = shown + 1
        self._write()

    def note_seen(self, decision: SeenDecision) -> None:
        """Write down a yes; those that have expired are forgotten."""
        today = self._file.shown_on
        kept = [each for each in self._file.seen if today is None or each.valid_until >= today]
        self._file.seen = [*kept, _Seen(decision.leaf.hex(), decision.valid_until)]
        self._leaves = {bytes.fromhex(each.leaf) for each in self._file.seen}
        self._write()

    def take_list_number(self) -> int:
        """Return the number of the next list; it is used up even if nothing comes of it."""
        if self._file.lists >= MAX_U32:
            raise BookDamaged
        self._file.lists += 1
        self._write()
        return self._file.lists

    def _write(self) -> None:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(self._path, msgspec.json.encode(self._file))


def _read(path: Path) -> _File:
    try:
        return msgspec.json.decode(path.read_bytes(), type=_File)
    except FileNotFoundError:
        return _File()
    except (OSError, msgspec.MsgspecError, ValueError):
        raise BookDamaged(path.name) from None
