"""A disk that loses what nobody has synced: what could stand on it after a power cut at any moment.

A journalling file system keeps names in order (a sync of a file brings every earlier change of names with it), and
data in none: of what was written since the last sync of a file any sector may be there or not.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from pathlib import Path

from tests.crash.power.recording import Entry, Op

SECTOR_BYTES = 512


@dataclass
class _File:
    safe: bytearray = field(default_factory=bytearray)
    unsafe: list[Entry] = field(default_factory=list)  # writes and truncations since the last sync

    def sync(self) -> None:
        for entry in self.unsafe:
            _apply(self.safe, entry)
        self.unsafe.clear()

    def cut(self, chance: random.Random, share: float) -> bytes:
        """Return what is left when each unsynced sector is there with this probability."""
        left = bytearray(self.safe)
        for entry in self.unsafe:
            for piece in _split(entry):
                if chance.random() < share:
                    _apply(left, piece)
        return bytes(left)


class Disk:
    """Follows a recording entry by entry."""

    def __init__(self) -> None:
        self._files: dict[int, _File] = {}  # by a number of our own: inodes are used again
        self._by_inode: dict[int, int] = {}
        self._safe_names: dict[str, int] = {}
        self._names: dict[str, int] = {}
        self._changes: list[dict[str, int]] = []  # all names, after each change that is not safe yet

    def follow(self, entry: Entry) -> None:
        """Take the next entry of the recording."""
        match entry.op:
            case Op.CREATE:
                number = len(self._files)
                self._files[number] = _File()
                self._by_inode[entry.inode] = number
                self._rename({entry.data.decode(): number})
            case Op.WRITE | Op.TRUNCATE:
                self._files[self._by_inode[entry.inode]].unsafe.append(entry)
            case Op.SYNC:
                self._files[self._by_inode[entry.inode]].sync()
                self._keep_names()
            case Op.SYNC_FOLDER:
                self._keep_names()
            case Op.RENAME | Op.LINK:
                old, new = entry.data.decode().split("\n")
                self._rename({new: self._names[old]}, old if entry.op is Op.RENAME else None)
            case Op.UNLINK:
                self._rename({}, entry.data.decode())

    def cut_power(self, chance: random.Random, folder: Path) -> None:
        """Write into an empty folder what may be left after a power cut at this moment."""
        share = chance.choice((0.0, 1.0, chance.random()))
        names = chance.choice([self._safe_names, *self._changes])
        for name, number in names.items():
            (folder / name).write_bytes(self._files[number].cut(chance, share))

    def _rename(self, added: dict[str, int], gone: str | None = None) -> None:
        self._names = {name: number for name, number in self._names.items() if name != gone} | added
        self._changes.append(self._names)

    def _keep_names(self) -> None:
        self._safe_names = self._names
        self._changes.clear()


def _split(entry: Entry) -> list[Entry]:
    if entry.op is Op.TRUNCATE:
        return [entry]
    pieces, at = [], 0
    while at < len(entry.data):
        step = SECTOR_BYTES - (entry.offset + at) % SECTOR_BYTES
        pieces.append(Entry(Op.WRITE, entry.inode, entry.offset + at, entry.data[at : at + step]))
        at += step
    return pieces


def _apply(content: bytearray, entry: Entry) -> None:
    if entry.op is Op.TRUNCATE:
        del content[entry.offset :]
        content.extend(bytes(entry.offset - len(content)))
        return
    content.extend(bytes(max(0, entry.offset - len(content))))
    content[entry.offset : entry.offset + len(entry.data)] = entry.data
