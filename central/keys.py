"""Central's own keys: the receipt key, and the period keys under which records are kept.

A period key belongs to one UTC day, the day on which it is destroyed. Days are numbered from 1970-01-01.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from central.errors import SecondCopyAway
from central.settings import CentralSettings
from records.erasable import ErasableKeys
from records.errors import KeyFileRefused
from records.profile import MAX_RETENTION_DAYS
from records.suite import KEY_BYTES, SigningKey, VerifyKey, decrypt_once, derive_key, encrypt_once, make_context

_EPOCH = date(1970, 1, 1)
# Slots are never used twice, so the file must outlast the installation: three years of retention, ten of service.
_SLOTS = MAX_RETENTION_DAYS + 3660


def count_days(day: date) -> int:
    """Return the number of a day since 1970-01-01."""
    return (day - _EPOCH).days


def name_day(number: int) -> date:
    """Return the day with this number since 1970-01-01."""
    return _EPOCH + timedelta(days=number)


def find_expiry_day(received_at: datetime, retention_days: int) -> int:
    """Return the number of the UTC day at whose beginning a record received at `received_at` is destroyed.

    The day after the last one of the retention: a record is kept at least `retention_days` days, and
    less than one day more.
    """
    return count_days(received_at.astimezone(UTC).date()) + retention_days + 1


def create_receipt_key(path: Path) -> SigningKey:
    """Make the receipt key's file. Raises: FileExistsError."""
    return write_receipt_key(path, os.urandom(KEY_BYTES))


def write_receipt_key(path: Path, seed: bytes) -> SigningKey:
    """Write the receipt key's file (32-byte seed, mode 0600). Raises: FileExistsError."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(seed)
        file.flush()
        os.fsync(file.fileno())
    return SigningKey.from_bytes(seed)


def follow_receipt_key(present: Path, following: Path, named: VerifyKey) -> SigningKey:
    """Make the key that is to follow, or return the one that waits; `named` is the root file's receipt key.

    Where the one that waited is the root file's by now, it takes the place of the one before, which is overwritten.
    Raises: KeyFileRefused, OSError.
    """
    if following.exists():
        waiting = load_receipt_key(following)
        if waiting.public != named:
            return waiting
        with present.open("r+b") as file:  # overwritten in place: nothing of it is needed any more
            file.write(waiting.data)
            file.flush()
            os.fsync(file.fileno())
        following.unlink()
    return create_receipt_key(following)


def load_receipt_key(path: Path) -> SigningKey:
    """Load the receipt key. Raises: KeyFileRefused when others may read the file, or its length is wrong."""
    if path.stat().st_mode & 0o077:
        raise KeyFileRefused("mode")
    seed = path.read_bytes()
    if len(seed) != KEY_BYTES:
        raise KeyFileRefused("length")
    return SigningKey.from_bytes(seed)


def load_held(settings: CentralSettings) -> tuple[SigningKey, ...]:
    """Load the receipt key, and the one to follow where it was made. Raises: KeyFileRefused, OSError."""
    following = [settings.next_receipt_key] if settings.next_receipt_key.exists() else []
    return tuple(load_receipt_key(path) for path in (settings.receipt_key, *following))


class PeriodKeys:
    """The period keys of one file, by the number of their expiry day. The keeper writes, everyone else reads.

    `second` is another file with the same keys, on another disk. A key is in both before any record is kept
    under it, and what was destroyed in one is destroyed in the other before that one is read.
    """

    def __init__(self, path: Path, second: Path | None = None) -> None:
        self.path, self.second = path, second
        self._file: ErasableKeys | None = None

    def create_file(self, today: int, *, any_file_system: bool) -> None:
        """Make what is missing of the files. A lost first file is made again from its second copy.

        What is due on `today` is destroyed first. The folder of the second copy is never made: an empty folder where
        its disk should be mounted must not be taken for it. Raises: KeyFileRefused on a file system that keeps old
        blocks, and for a second copy that is the first file; SecondCopyAway when the first file is lost and the second
        copy, which could replace it, is not there.
        """
        copy = self._find_second()
        if not self.path.exists():
            if self.second is not None and copy is None and not self.second.parent.is_dir():
                raise SecondCopyAway
            if copy is not None:
                _destroy_due(copy, today)
            base, slots = (copy.base, copy.slots) if copy is not None else (today, _SLOTS)
            ErasableKeys.create(self.path, base, slots, any_file_system=any_file_system)
        if self.second is not None and copy is None and self.second.parent.is_dir():
            own = self._load()
            ErasableKeys.create(self.second, own.base, own.slots, any_file_system=any_file_system)

    def read(self, day: int) -> bytes | None:
        """Return the key of an expiry day, or None where it is not made yet, or destroyed."""
        try:
            return self._load().read(day)
        except FileNotFoundError:
            return None  # ingest may start before the keeper's first pass
        except KeyFileRefused as error:
            if error.field != "slot":
                raise
            return None  # a day that the file does not cover has no key

    def list_live(self) -> list[int]:
        """Return the days that have a key."""
        return self._load().list_live()

    def list_due(self, today: int) -> list[int]:
        """Return the days whose key is to be destroyed: of the first file, or of its second copy where it is lost."""
        file = self._load() if self.path.exists() else self._find_second()
        return [] if file is None else [day for day in file.list_live() if day <= today]

    def make_missing(self, days: range) -> int:
        """Make a key for each of the days that has none and never had one. Returns how many were made.

        To be called after `destroy_second_until`: what lives in the second copy is copied back where it is missing.
        Raises: SecondCopyAway when there is to be a second copy and it is not there, or fails; nothing that is not
        in both was made then.
        """
        file, copy = self._load(), self._find_second()
        if copy is not None:
            with _explain_failure():
                _match_copies(file, copy)
        missing = [day for day in days if file.read(day) is None and not file.is_destroyed(day)]
        if missing and self.second is not None and copy is None:
            raise SecondCopyAway
        for day in missing:
            key = os.urandom(KEY_BYTES)
            if copy is not None:
                # First: ingest uses what it finds in the other file.
                with _explain_failure():
                    _write_confirmed(copy, day, key)
            file.write(day, key)
        return len(missing)

    def destroy_until(self, today: int) -> int:
        """Destroy every key of the first file whose day has begun. Returns how many were destroyed."""
        return _destroy_due(self._load(), today)

    def destroy_second_until(self, today: int) -> None:
        """Destroy every key of the second copy whose day has begun, if it is there. Raises: SecondCopyAway."""
        copy = self._find_second()
        if copy is not None:
            with _explain_failure():
                _destroy_due(copy, today)

    def find_differences(self) -> int | None:
        """Return how many days differ between the files; None when there is to be a second copy and it is not there."""
        if self.second is None:
            return 0
        copy = self._find_second()
        if copy is None:
            return None
        own = self._load()
        return len({*own.list_live()} ^ {*copy.list_live()}) + len({*own.list_destroyed()} ^ {*copy.list_destroyed()})

    def _find_second(self) -> ErasableKeys | None:
        if self.second is None or not self.second.exists():
            return None
        if self.path.exists() and self.second.samefile(self.path):
            raise KeyFileRefused("second copy")
        # Never from memory: the disk under it comes and goes.
        with _explain_failure():
            return ErasableKeys.load(self.second)

    def _load(self) -> ErasableKeys:
        if self._file is None:
            self._file = ErasableKeys.load(self.path)
        return self._file


def _match_copies(own: ErasableKeys, copy: ErasableKeys) -> None:
    """Make both files alike after one was away: destroyed in one means destroyed, else live in one means live."""
    if (own.base, own.slots) != (copy.base, copy.slots):
        raise KeyFileRefused("second copy")
    for source, target in ((own, copy), (copy, own)):
        for day in sorted({*source.list_destroyed()} - {*target.list_destroyed()}):
            target.destroy(day)
    for source, target in ((own, copy), (copy, own)):
        for day in sorted({*source.list_live()} - {*target.list_live()}):
            key = source.read(day)
            if key is not None:
                _write_confirmed(target, day, key)


@contextmanager
def _explain_failure() -> Iterator[None]:
    """Take a disk that fails, or has become read-only, for one that is not there."""
    try:
        yield
    except OSError:
        raise SecondCopyAway from None


def _destroy_due(file: ErasableKeys, today: int) -> int:
    due = [day for day in file.list_live() if day <= today]
    for day in due:
        file.destroy(day)
    return len(due)


def _write_confirmed(file: ErasableKeys, day: int, key: bytes) -> None:
    file.write(day, key)
    if file.read(day) != key:
        raise KeyFileRefused("not as written")


def lock_record(period_key: bytes, terminal: bytes, record: bytes, digest: bytes, envelope: bytes) -> bytes:
    """Return the envelope encrypted for keeping, under a key of its own.

    `digest` is the envelope's SHA-256. It is part of the derivation, since the same record id may come
    from another terminal or with another header, and one key must never encrypt two messages.
    """
    context = make_context("kept record", terminal, record)
    return encrypt_once(_derive_data_key(period_key, terminal, record, digest), envelope, context)


def unlock_record(period_key: bytes, terminal: bytes, record: bytes, digest: bytes, locked: bytes) -> bytes:
    """Return the envelope that `lock_record` encrypted. Raises: CannotOpen."""
    context = make_context("kept record", terminal, record)
    return decrypt_once(_derive_data_key(period_key, terminal, record, digest), locked, context)


def _derive_data_key(period_key: bytes, terminal: bytes, record: bytes, digest: bytes) -> bytes:
    return derive_key(period_key, record, make_context("data key", terminal, digest))
