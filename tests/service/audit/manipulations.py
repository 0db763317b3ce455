"""Ways in which somebody without the key might change an exported log."""

import base64
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from records.checkpoint import Checkpoint, open_checkpoint
from records.notes import NoteSigner
from records.suite import SigningKey
from records.tree import compute_root
from service.audit.entry import Entry
from service.audit.export import (
    CHECKPOINTS,
    ENTRIES,
    LogCopy,
    list_members,
    read_archive,
    split_checkpoints,
    write_archive,
)
from service.audit.tiles import LeafTree, read_bundle
from tests.service.audit.small_log import SIGNER, open_small_log

STRANGER = NoteSigner(SIGNER.name, SigningKey.from_bytes(bytes(range(32))))


DAYS, FEW_DAYS = (20, 3, 0, 100, 0, 90, 7), (2, 1)


def make_log(path: Path, signer: NoteSigner = SIGNER, days: tuple[int, ...] = DAYS) -> bytes:
    """A log of some days, of which the first is forgotten; by default with more than one whole tile."""
    small = open_small_log(path)
    for acts in days:
        small.work(acts)
        small.now += timedelta(days=1)
    small.log.forget(len(days) - 1)
    data = write_archive(list_members(small.log.copy("anna", signer)))
    small.store.close()
    return data


def read_copy(data: bytes) -> LogCopy:
    members = read_archive(data)
    bundles = sorted(name for name in members if name.startswith("tile/entries/"))
    leaves = tuple(leaf for name in bundles for leaf in read_bundle(members[name]))
    notes = split_checkpoints(members[CHECKPOINTS].decode())
    return LogCopy(leaves, tuple(members[ENTRIES].decode().splitlines(keepends=True)), notes)


def edit_entry(copy: LogCopy, place: int, **values: Any) -> LogCopy:
    lines = [*copy.entries]
    lines[place] = replace(Entry.from_line(lines[place]), **values).to_line()
    return replace(copy, entries=tuple(lines))


class Manipulator:
    """Makes changed exports of one log, each by chance."""

    def __init__(self, honest: bytes, chance: random.Random) -> None:
        self.honest, self.chance = honest, chance
        self.copy = read_copy(honest)
        self.ways: list[Callable[[], bytes]] = [
            self.flip_bit, self.cut_bytes, self.double_bytes, self.add_bytes, self.set_byte,
            *(self._packed(way) for way in (
                self.edit_field, self.edit_with_leaf, self.swap_lines, self.swap_leaves, self.drop_line,
                self.double_line, self.drop_leaf, self.drop_line_and_leaf, self.add_leaf, self.cut_back,
                self.drop_checkpoint, self.double_checkpoint, self.swap_checkpoints, self.change_note,
                self.sign_with_another_key, self.add_signature, self.use_spare_bits,
            )),
            self.drop_member, self.swap_members, self.rename_member, self.add_member, self.change_member,
        ]  # fmt: skip

    def make(self) -> tuple[str, bytes]:
        """Return one changed export, and the way's name."""
        while True:
            way = self.chance.choice(self.ways)
            data = way()
            if data != self.honest:
                return getattr(way, "__name__", "?"), data

    def _packed(self, way: Callable[[], LogCopy]) -> Callable[[], bytes]:
        def make() -> bytes:
            return write_archive(list_members(way()))

        make.__name__ = way.__name__
        return make

    def _pick(self, items: tuple[Any, ...]) -> int:
        return self.chance.randrange(len(items))

    def _place(self) -> int:
        return self.chance.randrange(len(self.honest))

    # Bytes of the file.

    def flip_bit(self) -> bytes:
        data = bytearray(self.honest)
        data[self._place()] ^= 1 << self.chance.randrange(8)
        return bytes(data)

    def set_byte(self) -> bytes:
        data = bytearray(self.honest)
        data[self._place()] = self.chance.randrange(256)
        return bytes(data)

    def cut_bytes(self) -> bytes:
        place = self._place()
        return self.honest[:place] + self.honest[place + self.chance.choice((1, 512, 5000, len(self.honest))) :]

    def double_bytes(self) -> bytes:
        place, length = self._place(), self.chance.choice((1, 512, 1024))
        return self.honest[: place + length] + self.honest[place:]

    def add_bytes(self) -> bytes:
        place = self.chance.choice((0, self._place(), len(self.honest)))
        return self.honest[:place] + self.chance.randbytes(self.chance.choice((1, 512))) + self.honest[place:]

    # The log, with everything unsigned made to fit again.

    def edit_field(self) -> LogCopy:
        place = self._pick(self.copy.entries)
        entry = Entry.from_line(self.copy.entries[place])
        values = {
            "number": self.chance.randrange(400), "time": entry.time + self.chance.choice((-1, 1, 3600)),
            "actor": "carla", "act": "padding", "subject": "t9", "salt": self.chance.randbytes(16),
        }  # fmt: skip
        name = self.chance.choice([*values])
        return edit_entry(self.copy, place, **{name: values[name]})

    def edit_with_leaf(self) -> LogCopy:
        edited = self.edit_field()
        leaves = [*edited.commitments]
        for line in edited.entries:
            entry = Entry.from_line(line)
            if entry.number < len(leaves):
                leaves[entry.number] = entry.commitment
        return replace(edited, commitments=tuple(leaves))

    def swap_lines(self) -> LogCopy:
        return replace(self.copy, entries=self._swap(self.copy.entries))

    def swap_leaves(self) -> LogCopy:
        return replace(self.copy, commitments=self._swap(self.copy.commitments))

    def swap_checkpoints(self) -> LogCopy:
        return replace(self.copy, checkpoints=self._swap(self.copy.checkpoints))

    def _swap(self, items: tuple[Any, ...]) -> tuple[Any, ...]:
        swapped = [*items]
        one, other = self._pick(items), self._pick(items)
        swapped[one], swapped[other] = swapped[other], swapped[one]
        return tuple(swapped)

    def drop_line(self) -> LogCopy:
        return replace(self.copy, entries=self._drop(self.copy.entries))

    def drop_leaf(self) -> LogCopy:
        return replace(self.copy, commitments=self._drop(self.copy.commitments))

    def drop_checkpoint(self) -> LogCopy:
        return replace(self.copy, checkpoints=self._drop(self.copy.checkpoints))

    def _drop(self, items: tuple[Any, ...]) -> tuple[Any, ...]:
        start = self._pick(items)
        return items[:start] + items[start + self.chance.choice((1, 1, 2, 16, len(items))) :]

    def drop_line_and_leaf(self) -> LogCopy:
        number = self._pick(self.copy.entries)
        entries = [Entry.from_line(line) for line in self.copy.entries]
        gone = entries.pop(number)
        rest = [replace(each, number=each.number - (each.number > gone.number)) for each in entries]
        leaves = [*self.copy.commitments[: rest[0].number], *(each.commitment for each in rest)]
        return replace(self.copy, commitments=tuple(leaves), entries=tuple(each.to_line() for each in rest))

    def double_line(self) -> LogCopy:
        place = self._pick(self.copy.entries)
        return replace(self.copy, entries=self.copy.entries[: place + 1] + self.copy.entries[place:])

    def double_checkpoint(self) -> LogCopy:
        place = self._pick(self.copy.checkpoints)
        return replace(self.copy, checkpoints=self.copy.checkpoints[: place + 1] + self.copy.checkpoints[place:])

    def add_leaf(self) -> LogCopy:
        leaves, place = self.copy.commitments, self.chance.randrange(len(self.copy.commitments) + 1)
        return replace(self.copy, commitments=(*leaves[:place], self.chance.randbytes(32), *leaves[place:]))

    def cut_back(self) -> LogCopy:
        """To an older checkpoint, with everything that came later taken away: what the log once was."""
        kept = 1 + self._pick(self.copy.checkpoints)
        size = open_checkpoint(self.copy.checkpoints[kept - 1], [SIGNER.verifier]).size
        lines = tuple(line for line in self.copy.entries if Entry.from_line(line).number < size)
        return LogCopy(self.copy.commitments[:size], lines, self.copy.checkpoints[:kept])

    def _change_checkpoint(self, change: Callable[[str], str], place: int | None = None) -> LogCopy:
        notes = [*self.copy.checkpoints]
        place = self._pick(self.copy.checkpoints) if place is None else place
        notes[place] = change(notes[place])
        return replace(self.copy, checkpoints=tuple(notes))

    def change_note(self) -> LogCopy:
        def change(note: str) -> str:
            place = self.chance.randrange(len(note))
            return note[:place] + self.chance.choice("0123456789abAB+/= \n—") + note[place + 1 :]

        return self._change_checkpoint(change)

    def sign_with_another_key(self) -> LogCopy:
        leaves = [*self.copy.commitments]
        leaves[self._pick(self.copy.commitments)] = self.chance.randbytes(32)
        root = compute_root(LeafTree(leaves), len(leaves))
        notes = (*self.copy.checkpoints[:-1], Checkpoint(SIGNER.name, len(leaves), root).sign(STRANGER))
        return LogCopy(tuple(leaves), self.copy.entries, notes)

    def add_signature(self) -> LogCopy:
        line = f"— somebody.example {base64.b64encode(self.chance.randbytes(68)).decode()}\n"
        return self._change_checkpoint(lambda note: note + line, len(self.copy.checkpoints) - 1)

    def use_spare_bits(self) -> LogCopy:
        def change(note: str) -> str:
            letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
            last = letters.index(note[-3])
            return note[:-3] + letters[last // 4 * 4 + self.chance.randrange(4)] + note[-2:]

        return self._change_checkpoint(change)

    # The files in the archive.

    def drop_member(self) -> bytes:
        members = read_archive(self.honest)
        del members[self.chance.choice([*members])]
        return write_archive(members)

    def swap_members(self) -> bytes:
        names = [*read_archive(self.honest).items()]
        self.chance.shuffle(names)
        return write_archive(dict(names))

    def rename_member(self) -> bytes:
        old = self.chance.choice([*read_archive(self.honest)])
        new = self.chance.choice(("tile/entries/000", "tile/0/001", f"{old}.p/1", f"./{old}", "tile/entries/zzz"))
        return write_archive({new if name == old else name: data for name, data in read_archive(self.honest).items()})

    def add_member(self) -> bytes:
        name = self.chance.choice(("tile/0/002", "tile/entries/x001/000.p/3", "README", "tile/entries/002"))
        data = self.chance.choice((b"", b"\x00 " + bytes(32), bytes(32)))
        return write_archive(read_archive(self.honest) | {name: data})

    def change_member(self) -> bytes:
        members = read_archive(self.honest)
        name = self.chance.choice([*members])
        data = bytearray(members[name])
        data[self.chance.randrange(len(data))] ^= 1 << self.chance.randrange(8)
        return write_archive(members | {name: bytes(data)})
