"""The key of the accounts: a file beside the database and in none of its backups, so that a stolen one gives nobody
a second factor."""

from __future__ import annotations

import hashlib
import hmac
import os
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from records.suite import KEY_BYTES, derive_key
from service.accounts.errors import AccountKeyRefused

_NONCE_BYTES = 12
_OTHERS_MAY_READ = 0o077


@dataclass(frozen=True, slots=True)
class AccountKey:
    """What encrypts second factors, and makes subjects of attempts and marks of known browsers."""

    data: bytes = field(repr=False)

    def encrypt(self, secret: bytes, name: str) -> bytes:
        """Return an account's secret, encrypted."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + AESGCM(self._derive(b"second factor")).encrypt(nonce, secret, name.encode())

    def decrypt(self, kept: bytes, name: str) -> bytes:
        """Return what `encrypt` was given for this account. Raises: AccountKeyRefused when the key is another."""
        try:
            return AESGCM(self._derive(b"second factor")).decrypt(
                kept[:_NONCE_BYTES], kept[_NONCE_BYTES:], name.encode()
            )
        except InvalidTag:
            raise AccountKeyRefused from None

    def mark(self, use: str, text: str) -> bytes:
        """Return 32 bytes that stand for a text, and tell nothing of it without the key."""
        return hmac.digest(self._derive(use.encode()), text.encode("utf-8", "replace"), hashlib.sha256)

    def _derive(self, use: bytes) -> bytes:
        return derive_key(self.data, b"", b"kuaijietong accounts\0" + use)


def create_account_key(path: Path) -> AccountKey:
    """Make the key's file, mode 0600. Raises: FileExistsError."""
    data = os.urandom(KEY_BYTES)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    return AccountKey(data)


def load_account_key(path: Path) -> AccountKey:
    """Load the key. Raises: AccountKeyRefused, OSError."""
    if path.stat().st_mode & _OTHERS_MAY_READ:
        raise AccountKeyRefused
    data = path.read_bytes()
    if len(data) != KEY_BYTES:
        raise AccountKeyRefused
    return AccountKey(data)


def ensure_account_key(path: Path) -> AccountKey:
    """Load the accounts' key, or make it the first time. Raises: AccountKeyRefused, OSError."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        return create_account_key(path)
    except FileExistsError:
        return load_account_key(path)
