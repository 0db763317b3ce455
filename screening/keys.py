"""The office's own keys, one file each, mode 0600. Passing keys are not among them: those never touch a disk."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from records.errors import RecordsError
from records.notes import NoteSigner, NoteVerifier
from records.suite import HYBRID_SECRET_BYTES, KEY_BYTES, HybridSecretKey, SigningKey
from screening.errors import KeysExist, KeysRefused
from service.audit.keys import create_log_keys

RandomBytes = Callable[[int], bytes]
_OTHERS_MAY_READ = 0o077
_NAME = re.compile(r"[A-Za-z0-9._/-]{1,80}")
_SIGNING, _BOX, _ALERT_TAGS, _SUPPRESSIONS = "office.key", "box.key", "alert-tags.key", "suppressions.key"
_PUBLIC, _AUDIT = "office.pub", "audit.key"


@dataclass(frozen=True, slots=True)
class OfficeKeys:
    """What the office keeps on its disk. None of it opens a comparison."""

    signer: NoteSigner
    box: HybridSecretKey = field(repr=False)  # for mail
    alert_tags: bytes = field(repr=False)
    suppressions: bytes = field(repr=False)


def make_office_keys(folder: Path, name: str, random_bytes: RandomBytes = os.urandom) -> OfficeKeys:
    """Make the office's keys. Raises: KeysExist, KeysRefused for a name that a note cannot carry, OSError."""
    if not _NAME.fullmatch(name):
        raise KeysRefused("name")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if any(folder.glob("*.key")):
        raise KeysExist(folder.name)
    lengths = {_SIGNING: KEY_BYTES, _BOX: HYBRID_SECRET_BYTES, _ALERT_TAGS: KEY_BYTES, _SUPPRESSIONS: KEY_BYTES}
    for file_name, length in lengths.items():
        write_private(folder / file_name, random_bytes(length))
    signer = NoteSigner(name, SigningKey.from_bytes((folder / _SIGNING).read_bytes()))
    made = HybridSecretKey.from_bytes((folder / _BOX).read_bytes())
    # What oversight needs for the annex: the verifier key, and below it the box.
    public = f"{signer.verifier.to_text()}\n{made.public.data.hex()}\n"
    (folder / _PUBLIC).write_text(public, encoding="utf-8")
    ensure_audit_key(folder)
    return load_office_keys(folder)


def ensure_audit_key(folder: Path) -> None:
    """Make the audit log's key where there is none yet, named after the office. Raises: KeysRefused, OSError."""
    if not (folder / _AUDIT).exists():
        create_log_keys(folder / _AUDIT, f"{_load_signer(folder / _SIGNING, folder / _PUBLIC).name}/audit")


def load_office_keys(folder: Path) -> OfficeKeys:
    """Load the office's keys. Raises: KeysRefused naming the file."""
    box = _read(folder / _BOX, HYBRID_SECRET_BYTES)
    return OfficeKeys(
        _load_signer(folder / _SIGNING, folder / _PUBLIC), HybridSecretKey.from_bytes(box),
        _read(folder / _ALERT_TAGS, KEY_BYTES), _read(folder / _SUPPRESSIONS, KEY_BYTES),
    )  # fmt: skip


def make_officer_key(path: Path, name: str, random_bytes: RandomBytes = os.urandom) -> NoteSigner:
    """Make an officer's own key, and NAME.pub beside it. Raises: KeysExist, KeysRefused, OSError."""
    if not _NAME.fullmatch(name):
        raise KeysRefused("name")
    if path.exists():
        raise KeysExist(path.name)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_private(path, random_bytes(KEY_BYTES))
    signer = NoteSigner(name, SigningKey.from_bytes(path.read_bytes()))
    path.with_suffix(".pub").write_text(signer.verifier.to_text() + "\n", encoding="utf-8")
    return signer


def load_officer_key(path: Path) -> NoteSigner:
    """Load an officer's key. Raises: KeysRefused naming the file."""
    return _load_signer(path, path.with_suffix(".pub"))


def write_private(path: Path, data: bytes) -> None:
    """Write a new file of mode 0600, synced. Raises: FileExistsError."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _load_signer(path: Path, public: Path) -> NoteSigner:
    try:
        verifier = NoteVerifier.from_text(public.read_text(encoding="utf-8").split()[0])
    except (OSError, UnicodeDecodeError, IndexError, RecordsError):
        raise KeysRefused(public.name) from None
    key = SigningKey.from_bytes(_read(path, KEY_BYTES))
    if key.public != verifier.key:
        raise KeysRefused(public.name)
    return NoteSigner(verifier.name, key)


def _read(path: Path, length: int) -> bytes:
    try:
        if path.stat().st_mode & _OTHERS_MAY_READ:
            raise KeysRefused(path.name)
        data = path.read_bytes()
    except OSError:
        raise KeysRefused(path.name) from None
    if len(data) != length:
        raise KeysRefused(path.name)
    return data
