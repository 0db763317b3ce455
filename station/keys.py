"""The station's keys: one that signs, one for its mail, and one for each day, which is destroyed after three days.

The key of a day is made from a seed in an erasable file (`records.erasable`). Terminals and the office seal to its
public half, which the station signs; once the seed is overwritten nobody opens what was sealed to it that day.
"""

from __future__ import annotations

import fcntl
import os
import threading
from datetime import date, timedelta
from pathlib import Path

from records.comparing.station_keys import sign_day_key
from records.erasable import ErasableKeys, require_overwriting
from records.errors import RecordsError
from records.notes import NoteSigner, is_key_name
from records.suite import HYBRID_SECRET_BYTES, KEY_BYTES, HybridSecretKey, SigningKey, derive_key, make_context
from station.errors import KeysRefused

KEPT_FOR = timedelta(days=3)
_DAYS = 4096  # slots: eleven years
_OTHERS_MAY_READ = 0o077


def make_station_keys(signing: Path, box: Path, name: str) -> None:
    """Make the signing key, of this name, and the box key. Raises: KeysRefused, FileExistsError, OSError."""
    if not is_key_name(name) or not name.isascii():
        raise KeysRefused
    signing.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _write_new(signing, f"{name}\n".encode() + os.urandom(KEY_BYTES))
    _write_new(box, os.urandom(HYBRID_SECRET_BYTES))


def load_signer(path: Path) -> NoteSigner:
    """Load the key that the annex names as the station's. Raises: KeysRefused."""
    name, _, seed = _read_private(path).partition(b"\n")
    try:
        return NoteSigner(name.decode("ascii"), SigningKey.from_bytes(seed))
    except (RecordsError, UnicodeDecodeError):
        raise KeysRefused(path.name) from None


def load_box(path: Path) -> HybridSecretKey:
    """Load the secret half of the station's box. Raises: KeysRefused."""
    try:
        return HybridSecretKey.from_bytes(_read_private(path))
    except RecordsError:
        raise KeysRefused(path.name) from None


class DayKeys:
    """The keys of the last days. Any thread may use it; of several processes, whoever keeps house.

    What it opened stays in memory until it is destroyed, or until `drop_opened`.
    """

    def __init__(self, slots: ErasableKeys) -> None:
        self._slots = slots
        self._turn = threading.Lock()
        self._opened: dict[int, HybridSecretKey] = {}  # expanding a key costs as much as opening with it

    def ensure(self, day: date) -> HybridSecretKey:
        """Return the key of a day, made the first time. Raises: KeysRefused for one that was destroyed, OSError."""
        slot = day.toordinal()
        with self._turn, self._slots.changing():
            if self._slots.is_destroyed(slot):
                raise KeysRefused
            if self._slots.read(slot) is None:
                self._slots.write(slot, os.urandom(KEY_BYTES))
            return self._open(slot)

    def find(self, key_id: bytes) -> HybridSecretKey | None:
        """Return the key of this id, None where it was destroyed or is not ours."""
        with self._turn:
            keys = (self._open(slot) for slot in self._slots.list_live())
            return next((key for key in keys if key.public.key_id == key_id), None)

    def destroy_due(self, today: date) -> list[date]:
        """Destroy the keys of days that began three days ago or earlier; return those days. Raises: OSError."""
        with self._turn, self._slots.changing():
            due = [slot for slot in self._slots.list_live() if today - date.fromordinal(slot) >= KEPT_FOR]
            for slot in due:
                self._opened.pop(slot, None)
                self._slots.destroy(slot)
        return [date.fromordinal(slot) for slot in due]

    def release_later(self, last: date) -> list[date]:
        """Destroy the keys of days after `last`, made while the clock was ahead; they are made anew on their day.

        Else what was sealed to one could be opened until three days after it. Returns those days. Raises: OSError.
        """
        with self._turn, self._slots.changing():
            later = [slot for slot in self._slots.list_live() if date.fromordinal(slot) > last]
            for slot in later:
                self._opened.pop(slot, None)
                self._slots.release(slot)
        return [date.fromordinal(slot) for slot in later]

    def drop_opened(self) -> None:
        """Open nothing more from memory: another process destroys the keys from now on, and cannot reach these."""
        with self._turn:
            self._opened.clear()

    def list_due(self, today: date) -> list[date]:
        """Return the days whose keys are to be destroyed."""
        return [day for day in map(date.fromordinal, self._slots.list_live()) if today - day >= KEPT_FOR]

    def list_later(self, last: date) -> list[date]:
        """Return the days after `last` that have a key."""
        return [day for day in map(date.fromordinal, self._slots.list_live()) if day > last]

    def _open(self, slot: int) -> HybridSecretKey:
        if slot not in self._opened:
            seed = self._slots.read(slot)
            if seed is None:
                raise KeysRefused
            context = make_context("key of the day", slot.to_bytes(4, "big"))
            self._opened[slot] = HybridSecretKey.from_bytes(derive_key(seed, b"", context, HYBRID_SECRET_BYTES))
        return self._opened[slot]


def open_day_keys(path: Path, first: date, *, any_file_system: bool) -> DayKeys:
    """Open the file of the days' keys, or make it, beginning with `first`. Raises: KeyFileRefused, OSError."""
    return DayKeys(open_erasable(path, first.toordinal(), _DAYS, any_file_system=any_file_system))


def open_erasable(path: Path, base: int, slots: int, *, any_file_system: bool) -> ErasableKeys:
    """Open an erasable file, or make it the first time. Raises: KeyFileRefused, OSError."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not any_file_system:
        require_overwriting(path.parent)
    with path.with_name("making.lock").open("ab") as turn:
        # Of two processes that begin at once one makes it: the other's empty file would come over living keys.
        fcntl.flock(turn, fcntl.LOCK_EX)
        if not path.exists():
            return ErasableKeys.create(path, base, slots, any_file_system=any_file_system)
    return ErasableKeys.load(path)


def publish_day_key(keys: DayKeys, day: date, key: SigningKey) -> bytes:
    """Return the public half of a day's key, signed by the station. Raises: KeysRefused, OSError."""
    return sign_day_key(day, keys.ensure(day).public, key)


def _read_private(path: Path) -> bytes:
    try:
        if path.stat().st_mode & _OTHERS_MAY_READ:
            raise KeysRefused(path.name)
        return path.read_bytes()
    except OSError:
        raise KeysRefused(path.name) from None


def _write_new(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
