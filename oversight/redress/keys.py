"""The office's key files: the privacy keys, and the key by which intake knows the guest page."""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from oversight.errors import KeysExist, KeysRefused
from oversight.keys import read_private, write_private
from records.browser_seal import BrowserPublicKey
from records.errors import RecordsError
from records.notes import NoteSigner
from records.privacy_key import (
    PRIVACY_SECRET_BYTES,
    PrivacyKeyNote,
    PrivacyPublicKey,
    PrivacySecretKey,
    sign_privacy_key,
)
from records.suite import HybridPublicKey

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


def load_public(path: Path) -> PrivacyPublicKey:
    """Return the public half of a privacy key's file. Raises: KeysRefused."""
    return _load(path).public


def write_public(key: PrivacyPublicKey) -> str:
    """Return a public key as the officer brings it to whoever signs: two lines of base64."""
    return "".join(base64.b64encode(data).decode() + "\n" for data in (key.hybrid.data, key.browser.data))


def read_public(text: str) -> PrivacyPublicKey:
    """Read what `write_public` wrote. Raises: KeysRefused."""
    try:
        hybrid, browser = (base64.b64decode(line, validate=True) for line in text.splitlines())
        return PrivacyPublicKey(HybridPublicKey.from_bytes(hybrid), BrowserPublicKey.from_bytes(browser))
    except (ValueError, binascii.Error, RecordsError):
        raise KeysRefused("public key") from None


def find_fingerprint(key: PrivacyPublicKey) -> str:
    """Return what officer and signer read to each other: the start of the SHA-256, in groups of four."""
    digits = hashlib.sha256(write_public(key).encode()).hexdigest()[:32]
    return " ".join(digits[i : i + 4] for i in range(0, len(digits), 4))


def sign_privacy_note(key: PrivacyPublicKey, jurisdiction: str, now: datetime, signer: NoteSigner) -> str:
    """Return the note that the guest page checks and serves, good for 400 days. `now` is aware.

    Raises: MalformedBytes.
    """
    start = now.replace(microsecond=0)
    return sign_privacy_key(PrivacyKeyNote(jurisdiction, key, start, start + VALIDITY), signer)


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
