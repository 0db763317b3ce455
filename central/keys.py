"""Central's own keys: the receipt key, and the period keys under which records are kept.

A period key belongs to one UTC day, the day on which it is destroyed. Days are numbered from 1970-01-01.
"""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from records.erasable import ErasableKeys
from records.errors import KeyFileRefused
from records.profile import MAX_RETENTION_DAYS
from records.suite import KEY_BYTES, SigningKey, decrypt_once, derive_key, encrypt_once, make_context

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
    """Make the receipt key's file (32-byte seed, mode 0600). Raises: FileExistsError."""
    seed = os.urandom(KEY_BYTES)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(seed)
        file.flush()
        os.fsync(file.fileno())
    return SigningKey.from_bytes(seed)


def load_receipt_key(path: Path) -> SigningKey:
    """Load the receipt key. Raises: KeyFileRefused when others may read the file, or its length is wrong."""
    if path.stat().st_mode & 0o077:
        raise KeyFileRefused("mode")
    seed = path.read_bytes()
    if len(seed) != KEY_BYTES:
        raise KeyFileRefused("length")
    return SigningKey.from_bytes(seed)


class PeriodKeys:
    """The period keys of one file, by the number of their expiry day. The keeper writes, everyone else reads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: ErasableKeys | None = None

    def create_file(self, today: int, *, any_file_system: bool) -> None:
        """Make the file unless it is there. Raises: KeyFileRefused on a file system that keeps old blocks."""
        if not self.path.exists():
            ErasableKeys.create(self.path, today, _SLOTS, any_file_system=any_file_system)

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

    def make_missing(self, days: range) -> int:
        """Make a key for each of the days that has none and never had one. Returns how many were made."""
        file = self._load()
        missing = [day for day in days if file.read(day) is None and not file.is_destroyed(day)]
        for day in missing:
            file.write(day, os.urandom(KEY_BYTES))
        return len(missing)

    def destroy_until(self, today: int) -> int:
        """Destroy every key whose day has begun. Returns how many were destroyed."""
        file = self._load()
        due = [day for day in file.list_live() if day <= today]
        for day in due:
            file.destroy(day)
        return len(due)

    def _load(self) -> ErasableKeys:
        if self._file is None:
            self._file = ErasableKeys.load(self.path)
        return self._file


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
