"""Backup and restore of what central keeps: database, root file and settings, without any key (`service.backup`).

Period keys are in none: a record would outlive its day. The receipt key goes into a file of its own, sealed under a
code that is printed once and written on paper.
"""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from central.keys import load_held, write_receipt_key
from central.settings import CentralSettings
from central.store import open_store
from records.errors import CannotOpen
from records.suite import KEY_BYTES, SigningKey, decrypt_once, derive_key, encrypt_once, make_context
from service import backup as backups
from service.backup import BackupForm, BackupRefused, NotOverwritten, OtherEngine, Restored

_DATABASE, _ROOT, _SETTINGS = "central.db", "root.note", "settings.toml"
FORM = BackupForm("kuaijietong backup of central v1", _DATABASE, (_ROOT, _SETTINGS))
_KEYS_MAGIC = b"KJK1"
_SALT_BYTES = 16
_CODE_BYTES = 20  # 160 random bits, 32 letters: nothing to stretch, and nobody chooses a weak one


def write_backup(settings: CentralSettings, settings_path: Path, out: Path, now: datetime) -> int:
    """Write the backup while central runs; see `service.backup.write_backup`."""
    store = open_store(settings.database)
    try:
        return backups.write_backup(FORM, store, {_ROOT: settings.root, _SETTINGS: settings_path}, out, now)
    finally:
        store.close()


def restore_backup(settings: CentralSettings, settings_path: Path, backup: Path) -> Restored:
    """Put a backup back; see `service.backup.restore_backup`. Raises also: OtherEngine."""
    database = settings.database_file
    if database is None:
        raise OtherEngine
    return backups.restore_backup(FORM, backup, database, {_ROOT: settings.root, _SETTINGS: settings_path})


@contextmanager
def open_backup_database(backup: Path) -> Iterator[Path]:
    """Give a copy of a backup's database, to be looked at and thrown away. Raises: BackupRefused, OSError."""
    with backups.open_backup(FORM, backup) as folder:
        yield folder / _DATABASE


def read_backed_up_settings(backup: Path) -> bytes:
    """Return the settings file of a backup, for a machine that has none. Raises: BackupRefused, OSError."""
    with backups.open_backup(FORM, backup) as folder:
        return (folder / _SETTINGS).read_bytes()


def write_key_backup(settings: CentralSettings, out: Path) -> str:
    """Write the receipt key, and the one to follow, sealed, into a new file of mode 0600; return the code for it.

    The code is made here and is nowhere else: it belongs on paper, away from the file.
    Raises: KeyFileRefused, FileExistsError, OSError.
    """
    seed = b"".join(each.data for each in load_held(settings))
    salt, code = os.urandom(_SALT_BYTES), os.urandom(_CODE_BYTES)
    sealed = encrypt_once(_derive_backup_key(code, salt), seed, make_context("receipt key backup"))
    descriptor = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(_KEYS_MAGIC + salt + sealed)
        file.flush()
        os.fsync(file.fileno())
    text = base64.b32encode(code).decode()
    return "-".join(text[i : i + 4] for i in range(0, len(text), 4))


def restore_key_backup(settings: CentralSettings, backup: Path, code: str) -> SigningKey:
    """Put the receipt key back where there is none. Raises: BackupRefused("code"), NotOverwritten, OSError."""
    data = backup.read_bytes()
    try:
        raw = base64.b32decode("".join(code.split()).replace("-", "").upper())
    except (binascii.Error, ValueError):
        raise BackupRefused("code") from None
    salt, sealed = data[4 : 4 + _SALT_BYTES], data[4 + _SALT_BYTES :]
    if data[:4] != _KEYS_MAGIC or len(salt) != _SALT_BYTES or len(raw) != _CODE_BYTES:
        raise BackupRefused("code")
    try:
        seed = decrypt_once(_derive_backup_key(raw, salt), sealed, make_context("receipt key backup"))
    except CannotOpen:
        raise BackupRefused("code") from None
    settings.receipt_key.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if settings.next_receipt_key.exists() and len(seed) > KEY_BYTES:
        raise NotOverwritten(settings.next_receipt_key.name)
    try:
        key = write_receipt_key(settings.receipt_key, seed[:KEY_BYTES])
    except FileExistsError:
        raise NotOverwritten(settings.receipt_key.name) from None
    if following := seed[KEY_BYTES:]:
        write_receipt_key(settings.next_receipt_key, following)
    return key


def _derive_backup_key(code: bytes, salt: bytes) -> bytes:
    return derive_key(code, salt, make_context("receipt key backup"), KEY_BYTES)
