"""The erasable key file: keys that can be destroyed for good, apart from every database and backup.

Fixed slots, overwritten in place and synced. Unlinking a file leaves its blocks on the device;
overwriting with fdatasync does not (docs/decisions.md). Only file systems that
are known to overwrite in place are taken, unless the caller is the demonstration.
"""

from __future__ import annotations

import fcntl
import os
import struct
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from records.errors import KeyFileRefused
from records.suite import KEY_BYTES

MAGIC = b"KEK1"
_HEAD = struct.Struct(">4sII")
_HEAD_BYTES = 64
SLOT_BYTES = 64  # state, 31 zeros, key: a slot never crosses a sector
_EMPTY, _LIVE, _DESTROYED = b"\x00", b"\x01", b"\x02"
# Closed list: overlay, btrfs, zfs, bcachefs, f2fs and network file systems keep old blocks, and the next new one may.
_OVERWRITING_FILE_SYSTEMS = frozenset({"ext2", "ext3", "ext4", "xfs", "tmpfs"})


class ErasableKeys:
    """One file of `slots` keys; slot numbers run from `base` to `base + slots - 1`.

    One process writes, or several that take turns (`changing`); any number read. Every read goes to the file, so
    that a key destroyed by the writer is gone for the readers at once.
    """

    def __init__(self, path: Path, base: int, slots: int) -> None:
        self.path, self.base, self.slots = path, base, slots
        self._turn = threading.Lock()

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Keep the file from every other thread and process that asks for its turn. Raises: OSError.

        What was found empty, or in use, stays so meanwhile. The turn of a process that dies ends with it.
        """
        with self._turn, self._open(os.O_RDWR) as descriptor:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield

    @classmethod
    def create(cls, path: Path, base: int, slots: int, *, any_file_system: bool = False) -> ErasableKeys:
        """Make a file of empty slots, mode 0600.

        Raises: KeyFileRefused("file system"), KeyFileRefused("exists").
        """
        if not any_file_system:
            require_overwriting(path.parent)
        if path.exists():
            # The rename below would silently put an empty file over living keys.
            raise KeyFileRefused("exists")
        temporary = path.with_name(path.name + ".new")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(_HEAD.pack(MAGIC, base, slots).ljust(_HEAD_BYTES, b"\x00"))
            file.write(bytes(SLOT_BYTES * slots))
            file.flush()
            os.fsync(file.fileno())
        os.rename(temporary, path)
        _sync_folder(path.parent)
        return cls(path, base, slots)

    @classmethod
    def load(cls, path: Path) -> ErasableKeys:
        """Open an existing file. Raises: KeyFileRefused when it is damaged, FileNotFoundError."""
        with path.open("rb") as file:
            head = file.read(_HEAD.size)
        if len(head) < _HEAD.size or head[:4] != MAGIC:
            raise KeyFileRefused("form")
        _, base, slots = _HEAD.unpack(head)
        if path.stat().st_size != _HEAD_BYTES + slots * SLOT_BYTES:
            raise KeyFileRefused("length")
        keys = cls(path, base, slots)
        if any(state not in (_EMPTY, _LIVE, _DESTROYED) for _, state in keys._list_states()):
            raise KeyFileRefused("state")
        return keys

    def read(self, slot: int) -> bytes | None:
        """Return the key of a slot, or None where there is none (any more)."""
        with self._open(os.O_RDONLY) as descriptor:
            data = os.pread(descriptor, SLOT_BYTES, self._offset(slot))
        return data[-KEY_BYTES:] if data[:1] == _LIVE else None

    def is_destroyed(self, slot: int) -> bool:
        """Tell whether a slot's key was destroyed."""
        with self._open(os.O_RDONLY) as descriptor:
            return os.pread(descriptor, 1, self._offset(slot)) == _DESTROYED

    def write(self, slot: int, key: bytes) -> None:
        """Write a key into an empty slot and sync it. Raises: KeyFileRefused("slot") where it is not empty."""
        if len(key) != KEY_BYTES:
            raise KeyFileRefused("key")
        with self._open(os.O_RDWR) as descriptor:
            if os.pread(descriptor, 1, self._offset(slot)) != _EMPTY:
                raise KeyFileRefused("slot")
            self._overwrite(descriptor, slot, _LIVE + bytes(SLOT_BYTES - 1 - KEY_BYTES) + key)

    def destroy(self, slot: int) -> None:
        """Overwrite a slot in place and sync it. It can never be written again."""
        with self._open(os.O_RDWR) as descriptor:
            self._overwrite(descriptor, slot, _DESTROYED + bytes(SLOT_BYTES - 1))

    def release(self, slot: int) -> None:
        """Overwrite a slot in place and sync it, leaving it empty for a new key."""
        with self._open(os.O_RDWR) as descriptor:
            self._overwrite(descriptor, slot, bytes(SLOT_BYTES))

    def list_live(self) -> list[int]:
        """Return the numbers of the slots that hold a key."""
        return [slot for slot, state in self._list_states() if state == _LIVE]

    def list_destroyed(self) -> list[int]:
        """Return the numbers of the slots whose key was destroyed."""
        return [slot for slot, state in self._list_states() if state == _DESTROYED]

    def find_empty(self, *, spare: Collection[int] = ()) -> int | None:
        """Return the first empty slot that is none of `spare`, or None when the file is full."""
        return next((slot for slot, state in self._list_states() if state == _EMPTY and slot not in spare), None)

    def _list_states(self) -> Iterator[tuple[int, bytes]]:
        data = self.path.read_bytes()[_HEAD_BYTES:]
        return ((self.base + i, data[i * SLOT_BYTES : i * SLOT_BYTES + 1]) for i in range(self.slots))

    def _offset(self, slot: int) -> int:
        if not self.base <= slot < self.base + self.slots:
            raise KeyFileRefused("slot")
        return find_offset(slot - self.base)

    def _overwrite(self, descriptor: int, slot: int, data: bytes) -> None:
        os.pwrite(descriptor, data, self._offset(slot))
        os.fdatasync(descriptor)

    @contextmanager
    def _open(self, flags: int) -> Iterator[int]:
        descriptor = os.open(self.path, flags)
        try:
            yield descriptor
        finally:
            os.close(descriptor)


def find_offset(index: int) -> int:
    """Return where the slot of an index (from 0) begins in a file, in bytes."""
    return _HEAD_BYTES + index * SLOT_BYTES


def read_live_slot(data: bytes) -> bytes | None:
    """Return the key of a whole slot as it lies in a file; None for an empty, destroyed, cut or damaged one."""
    head = _LIVE + bytes(SLOT_BYTES - 1 - KEY_BYTES)
    return data[-KEY_BYTES:] if len(data) == SLOT_BYTES and data.startswith(head) else None


def require_overwriting(folder: Path) -> None:
    """Raise KeyFileRefused("file system") unless what is overwritten in this folder is gone from the device.

    Also to be called before a file that was moved or restored is used. An unknown file system is refused.
    """
    kind, options = find_mount(folder)
    # With data=journal ext4 writes every block to its journal as well, where the old key stays.
    if kind not in _OVERWRITING_FILE_SYSTEMS or "data=journal" in options:
        raise KeyFileRefused("file system")


def find_file_system(folder: Path) -> str:
    """Return the type of the file system a folder lies on ("" if unknown)."""
    return find_mount(folder)[0]


def find_mount(folder: Path) -> tuple[str, frozenset[str]]:
    """Return the type and the options of the file system a folder lies on ("" if unknown)."""
    # By mount id: the device number of a btrfs subvolume stands in no mount table, and a path may be mounted over.
    descriptor = os.open(folder, os.O_PATH)
    try:
        info = Path(f"/proc/self/fdinfo/{descriptor}").read_text()
        table = Path("/proc/self/mountinfo").read_text()
    except OSError:
        return "", frozenset()
    finally:
        os.close(descriptor)
    return parse_mount(table, next((line.split()[1] for line in info.splitlines() if line.startswith("mnt_id:")), ""))


def parse_mount(table: str, mount_id: str) -> tuple[str, frozenset[str]]:
    """Return the type and the options that a text like /proc/self/mountinfo gives for a mount ("" if none)."""
    for line in table.splitlines():
        fields, _, rest = line.partition(" - ")
        if fields.split()[:1] == [mount_id]:
            kind, _, options = rest.split(" ", 2)
            return kind, frozenset(options.split(","))
    return "", frozenset()


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
