"""Key folders of the two holders: one file a key, mode 0600, beside its public half.

    court       order.key  disclosure-2026-03.key ...
    oversight   root.key  notice.key  disclosure-2026-03.key ...

A signing key is its 32-byte seed, a disclosure key its 96 bytes (see `records.suite`). The file
`ROLE.pub` holds the verifier key of a signed note; with it the key has its name.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from datetime import date
from enum import StrEnum
from pathlib import Path

from oversight.errors import KeysExist, KeysRefused
from records.errors import RecordsError
from records.notes import NoteSigner, NoteVerifier
from records.root import MAX_MONTHS, DisclosureKey
from records.suite import HYBRID_SECRET_BYTES, KEY_BYTES, HybridSecretKey, SigningKey

RandomBytes = Callable[[int], bytes]
_NAME = re.compile(r"[A-Za-z0-9._/-]{1,80}")
_DISCLOSURE = re.compile(r"disclosure-(\d{4}-\d{2})\.key")
_OTHERS_MAY_READ = 0o077


class Role(StrEnum):
    """What a signing key signs."""

    ROOT = "root"
    NOTICE = "notice"
    ORDER = "order"


COURT_ROLES = (Role.ORDER,)
OVERSIGHT_ROLES = (Role.ROOT, Role.NOTICE)


def make_keys(
    folder: Path, roles: tuple[Role, ...], *, name: str, first_month: date, random_bytes: RandomBytes = os.urandom
) -> None:
    """Make a holder's signing keys, named `name/ROLE`, and 13 monthly disclosure keys from `first_month` on.

    Raises: KeysExist when the folder has keys, KeysRefused for a name that a signed note cannot carry.
    """
    if not _NAME.fullmatch(name):
        raise KeysRefused("name")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if any(folder.glob("*.key")):
        raise KeysExist(folder.name)
    for role in roles:
        signer = NoteSigner(f"{name}/{role}", SigningKey.from_bytes(random_bytes(KEY_BYTES)))
        write_private(folder / f"{role}.key", signer.key.data)
        (folder / f"{role}.pub").write_text(signer.verifier.to_text() + "\n", encoding="utf-8")
    ensure_disclosure_keys(folder, first_month, random_bytes=random_bytes)


def ensure_disclosure_keys(
    folder: Path, first_month: date, *, random_bytes: RandomBytes = os.urandom
) -> tuple[DisclosureKey, ...]:
    """Return the public disclosure keys of 13 months from `first_month` on, making those that are missing."""
    public = []
    for month in list_months(first_month):
        path = folder / f"disclosure-{month}.key"
        if not path.exists():
            write_private(path, random_bytes(HYBRID_SECRET_BYTES))
        public.append(DisclosureKey(month, _load_disclosure_key(path).public))
    return tuple(public)


def load_signer(folder: Path, role: Role) -> NoteSigner:
    """Load a signing key and its name. Raises: KeysRefused naming the file."""
    verifier = load_verifier(folder, role)
    try:
        key = SigningKey.from_bytes(read_private(folder / f"{role}.key"))
    except RecordsError:
        raise KeysRefused(f"{role}.key") from None
    if key.public != verifier.key:
        raise KeysRefused(f"{role}.pub")
    return NoteSigner(verifier.name, key)


def load_verifier(folder: Path, role: Role) -> NoteVerifier:
    """Load the public half of a signing key. Raises: KeysRefused naming the file."""
    try:
        return NoteVerifier.from_text((folder / f"{role}.pub").read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, RecordsError):
        raise KeysRefused(f"{role}.pub") from None


def load_disclosure_keys(folder: Path) -> dict[bytes, HybridSecretKey]:
    """Load every disclosure key of a folder, by key id. Raises: KeysRefused when there is none, or for a bad file."""
    paths = sorted(path for path in folder.glob("disclosure-*.key") if _DISCLOSURE.fullmatch(path.name))
    if not paths:
        raise KeysRefused("disclosure keys")
    keys = [_load_disclosure_key(path) for path in paths]
    return {key.public.key_id: key for key in keys}


def list_months(first: date) -> list[str]:
    """Return 13 months from that of `first` on, as YYYY-MM."""
    start = first.year * 12 + first.month - 1
    return [f"{month // 12:04}-{month % 12 + 1:02}" for month in range(start, start + MAX_MONTHS)]


def read_private(path: Path) -> bytes:
    """Read a file that nobody else on this machine may read. Raises: KeysRefused naming the file."""
    try:
        if path.stat().st_mode & _OTHERS_MAY_READ:
            raise KeysRefused(path.name)
        return path.read_bytes()
    except OSError:
        raise KeysRefused(path.name) from None


def write_private(path: Path, data: bytes) -> None:
    """Write a new file of mode 0600, whole or not at all. An existing one of the name is replaced."""
    temporary = path.with_name(path.name + ".new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)
    # The name as well: a power cut must not bring back what was replaced.
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _load_disclosure_key(path: Path) -> HybridSecretKey:
    try:
        return HybridSecretKey.from_bytes(read_private(path))
    except RecordsError:
        raise KeysRefused(path.name) from None
