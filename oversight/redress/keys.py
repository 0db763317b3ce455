"""The office's key files: the privacy keys, and the key by which intake knows the guest page."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from oversight.errors import KeysExist, KeysRefused
from oversight.keys import read_private, write_private
from records.errors import RecordsError
from records.notes import NoteSigner
from records.privacy_key import PRIVACY_SECRET_BYTES, PrivacyKeyNote, PrivacySecretKey, sign_privacy_key

VALIDITY = timedelta(days=400)
INTAKE_KEY_BYTES = 32
_INTAKE_KEY = re.compile(rb"[0-9a-f]{64}\n?")


def make_privacy_key(folder: Path, now: datetime, random_bytes: Callable[[int], bytes] = os.urandom) -> Path:
    """Make a privacy key named by its day, and return its file. Raises: KeysExist, OSError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"privacy-{now:%Y-%m-%d}.key"
    if path.exists():
        raise KeysExist(path.name)
    write_private(path, random_bytes(PRIVACY_SECRET_BYTES))
    return path


def sign_privacy_note(path: Path, jurisdiction: str, now: datetime, signer: NoteSigner) -> str:
    """Return the note that the guest page checks and serves. `now` is aware. Raises: KeysRefused, MalformedBytes."""
    start = now.replace(microsecond=0)
    note = PrivacyKeyNote(jurisdiction, _load(path).public, start, start + VALIDITY)
    return sign_privacy_key(note, signer)


def load_privacy_keys(folder: Path) -> dict[bytes, PrivacySecretKey]:
    """Load every privacy key of a folder, by key id. Raises: KeysRefused when there is none, or for a bad file."""
    keys = [_load(path) for path in sorted(folder.glob("privacy-*.key"))]
    if not keys:
        raise KeysRefused("privacy keys")
    return {key.hybrid.public.key_id: key for key in keys}


def make_intake_key(path: Path, random_bytes: Callable[[int], bytes] = os.urandom) -> None:
    """Make the key that page and office share."""
    write_private(path, random_bytes(INTAKE_KEY_BYTES).hex().encode() + b"\n")


def load_intake_key(path: Path) -> str:
    """Load that key. Raises: KeysRefused naming the file."""
    data = read_private(path)
    if not _INTAKE_KEY.fullmatch(data):
        raise KeysRefused(path.name)
    return data.decode().strip()


def _load(path: Path) -> PrivacySecretKey:
    try:
        return PrivacySecretKey.from_bytes(read_private(path))
    except RecordsError:
        raise KeysRefused(path.name) from None
