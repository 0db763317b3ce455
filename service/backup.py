"""Backup and restore of what a service keeps: its database and the files that settle it, without any key.

An erasable key in a backup could not be destroyed any more: with it a record, an alert or a request would outlive its
day. Sessions are left out, and whatever else a service names: a restored one is signed out, and waits for nobody.
"""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO

import msgspec

from records.errors import RecordsError
from service.store import Store
from service.store.copying import copy_database, forget_rows, is_sound

# Of every service with accounts: a session that was ended since would be open again.
NEVER_KEPT = frozenset({"sessions", "attempts"})
_MANIFEST = "manifest.json"


class OtherEngine(RecordsError):
    """`kjt backup` copies a SQLite database. PostgreSQL is backed up with its own tools, such as pg_dump."""


class BackupRefused(RecordsError):
    """This cannot be backed up here, or the backup is damaged or is none."""


class NotOverwritten(RecordsError):
    """There is such a file already, and it stays as it is. Please move it away first."""


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


@dataclass(frozen=True, slots=True)
class BackupForm:
    """What the backups of one service hold: the database under its name, and other files under theirs."""

    form: str  # "kuaijietong backup of central v1"
    database: str
    others: tuple[str, ...]
    forgotten: frozenset[str] = NEVER_KEPT  # tables that are empty in the copy

    @property
    def members(self) -> tuple[str, ...]:
        """The names of all members beside the manifest."""
        return (self.database, *self.others)


def write_backup(form: BackupForm, store: Store, others: Mapping[str, Path], out: Path, now: datetime) -> int:
    """Write the backup, a new tar file of mode 0600, while the service runs. Returns its size in bytes.

    `others` are the files by their names in `form`, `now` is aware. Raises: OtherEngine where it is not SQLite,
    BackupRefused("copy") for a damaged database, NotOverwritten, OSError.
    """
    if out.exists():
        raise NotOverwritten(out.name)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".kjt-backup-") as folder:
        copy = Path(folder) / form.database
        if not copy_database(store, copy):
            raise OtherEngine
        if not is_sound(copy):
            raise BackupRefused("copy")
        forget_rows(copy, form.forgotten)
        sources = {form.database: copy, **others}
        digests = {name: _compute_digest(path) for name, path in sources.items()}
        manifest = msgspec.json.encode(_Manifest(form.form, now, digests))
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


def restore_backup(form: BackupForm, backup: Path, database: Path, others: Mapping[str, Path]) -> Restored:
    """Put the database of a backup in its place, and the other files where there are none.

    Nothing is overwritten: an old database has to be moved away first, with its -wal and -shm files.
    Raises: NotOverwritten naming the file in the way, BackupRefused, OSError.
    """
    for suffix in ("", "-wal", "-shm"):
        if (path := database.with_name(database.name + suffix)).exists():
            raise NotOverwritten(path.name)
    database.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=database.parent, prefix=".kjt-restore-") as folder:
        manifest = _unpack(form, backup, Path(folder))
        if not is_sound(Path(folder) / form.database):
            raise BackupRefused(form.database)
        restored = Restored(manifest.made_at)
        for name, target in (*others.items(), (form.database, database)):
            source = Path(folder) / name
            if not target.exists():
                _place(source, target)
                restored.written.append(target)
            elif target.read_bytes() != source.read_bytes():
                restored.left_alone.append(target)
    return restored


@contextmanager
def open_backup(form: BackupForm, backup: Path) -> Iterator[Path]:
    """Give the members of a backup in a folder, to be looked at and thrown away. Raises: BackupRefused, OSError."""
    with tempfile.TemporaryDirectory(prefix=".kjt-look-") as folder:
        _unpack(form, backup, Path(folder))
        yield Path(folder)


def _unpack(form: BackupForm, backup: Path, folder: Path) -> _Manifest:
    """Write the members into a folder once each is as the manifest says. Raises: BackupRefused."""
    try:
        with tarfile.open(backup, mode="r:") as archive:
            with _open_member(archive, _MANIFEST) as member:
                manifest = msgspec.json.decode(member.read(), type=_Manifest)
            if manifest.form != form.form or manifest.digests.keys() != {*form.members}:
                raise BackupRefused(_MANIFEST)
            for name in form.members:
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
