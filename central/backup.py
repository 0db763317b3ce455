"""Backup and restore of what central keeps: database, root file and settings, without any key.

A period key in a backup could not be destroyed any more: with it a record would outlive its day. Without it the
backup is as unreadable after that day as the database is. The receipt key goes into a file of its own, sealed
under a code that is printed once and written on paper.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO

import msgspec

from central.errors import BackupRefused, NotOverwritten, OtherEngine
from central.keys import load_held, write_receipt_key
from central.settings import CentralSettings
from central.store import copy_database, is_sound, open_store
from records.errors import CannotOpen
from records.suite import KEY_BYTES, SigningKey, decrypt_once, derive_key, encrypt_once, make_context

_FORM = "kuaijietong backup of central v1"
_MANIFEST, _DATABASE, _ROOT, _SETTINGS = "manifest.json", "central.db", "root.note", "settings.toml"
_MEMBERS = (_DATABASE, _ROOT, _SETTINGS)
_KEYS_MAGIC = b"KJK1"
_SALT_BYTES = 16
_CODE_BYTES = 20  # 160 random bits, 32 letters: nothing to stretch, and nobody chooses a weak one


class _Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    form: str
    made_at: datetime
    digests: dict[str, str]  # SHA-256 of each member, hexadecimal


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore wrote, and what it left alone because something else stands there."""

    made_at: datetime
    written: list[Path] = field(default_factory=list)
    left_alone: list[Path] = field(default_factory=list)


def write_backup(settings: CentralSettings, settings_path: Path, out: Path, now: datetime) -> int:
    """Write the backup, a new tar file of mode 0600, while central runs. Returns its size in bytes. `now` is aware.

    Raises: OtherEngine where it is not SQLite, BackupRefused("copy") for a damaged database, NotOverwritten, OSError.
    """
    if out.exists():
        raise NotOverwritten(out.name)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".kjt-backup-") as folder:
        copy = Path(folder) / _DATABASE
        store = open_store(settings.database)
        try:
            if not copy_database(store, copy):
                raise OtherEngine
        finally:
            store.close()
        if not is_sound(copy):
            raise BackupRefused("copy")
        sources = {_DATABASE: copy, _ROOT: settings.root, _SETTINGS: settings_path}
        digests = {name: _compute_digest(path) for name, path in sources.items()}
        manifest = msgspec.json.encode(_Manifest(_FORM, now, digests))
        whole = Path(folder) / "backup.tar"
        descriptor = os.open(whole, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            with tarfile.open(fileobj=file, mode="w") as archive:
                _add_bytes(archive, _MANIFEST, manifest)
                for name, path in sources.items():
                    archive.add(path, arcname=name, recursive=False, filter=_strip_owner)
            file.flush()
            os.fsync(file.fileno())
        whole.rename(out)  # whole or not at all
    return out.stat().st_size


def restore_backup(settings: CentralSettings, settings_path: Path, backup: Path) -> Restored:
    """Put the database of a backup in its place, and root file and settings where there are none.

    Nothing is overwritten: an old database has to be moved away first, with its -wal and -shm files.
    Raises: OtherEngine, NotOverwritten naming the file in the way, BackupRefused, OSError.
    """
    database = settings.database_file
    if database is None:
        raise OtherEngine
    for suffix in ("", "-wal", "-shm"):
        if (path := database.with_name(database.name + suffix)).exists():
            raise NotOverwritten(path.name)
    database.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=database.parent, prefix=".kjt-restore-") as folder:
        manifest = _unpack(backup, Path(folder))
        if not is_sound(Path(folder) / _DATABASE):
            raise BackupRefused(_DATABASE)
        restored = Restored(manifest.made_at)
        for name, target in ((_ROOT, settings.root), (_SETTINGS, settings_path), (_DATABASE, database)):
            source = Path(folder) / name
            if not target.exists():
                _place(source, target)
                restored.written.append(target)
            elif target.read_bytes() != source.read_bytes():
                restored.left_alone.append(target)
    return restored


@contextmanager
def open_backup_database(backup: Path) -> Iterator[Path]:
    """Give a copy of a backup's database, to be looked at and thrown away. Raises: BackupRefused, OSError."""
    with tempfile.TemporaryDirectory(prefix=".kjt-look-") as folder:
        _unpack(backup, Path(folder))
        yield Path(folder) / _DATABASE


def read_backed_up_settings(backup: Path) -> bytes:
    """Return the settings file of a backup, for a machine that has none. Raises: BackupRefused, OSError."""
    with tempfile.TemporaryDirectory() as folder:
        _unpack(backup, Path(folder))
        return (Path(folder) / _SETTINGS).read_bytes()


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


def _unpack(backup: Path, folder: Path) -> _Manifest:
    """Write the members into a folder once each is as the manifest says. Raises: BackupRefused."""
    try:
        with tarfile.open(backup, mode="r:") as archive:
            with _open_member(archive, _MANIFEST) as member:
                manifest = msgspec.json.decode(member.read(), type=_Manifest)
            if manifest.form != _FORM or manifest.digests.keys() != {*_MEMBERS}:
                raise BackupRefused(_MANIFEST)
            for name in _MEMBERS:
                # By these names alone: a path inside an archive can lead anywhere.
                with _open_member(archive, name) as member:
                    _write_new(folder / name, member)
                if _compute_digest(folder / name) != manifest.digests[name]:
                    raise BackupRefused(name)
    except (tarfile.TarError, msgspec.MsgspecError, UnicodeDecodeError):
        raise BackupRefused("form") from None
    return manifest


def _open_member(archive: tarfile.TarFile, name: str) -> IO[bytes]:
    try:
        file = archive.extractfile(name)
    except KeyError:
        file = None
    if file is None:
        raise BackupRefused(name)
    return file


def _place(source: Path, target: Path) -> None:
    temporary = target.with_name(target.name + ".restored")
    temporary.unlink(missing_ok=True)
    with source.open("rb") as file:
        _write_new(temporary, file)
    temporary.rename(target)


def _write_new(path: Path, source: IO[bytes]) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        shutil.copyfileobj(source, file)
        file.flush()
        os.fsync(file.fileno())


def _compute_digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _add_bytes(archive: tarfile.TarFile, name: str, data: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(data), 0o600
    archive.addfile(member, io.BytesIO(data))


def _strip_owner(member: tarfile.TarInfo) -> tarfile.TarInfo:
    # Names and numbers of this machine's accounts have no use elsewhere.
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mode = 0o600
    return member
