"""The terminal's own secrets: the key it signs with, and its part of the key that opens its house store."""

from __future__ import annotations

import os
import re
import secrets
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from records import suite
from records.suite import HybridSecretKey, SigningKey, make_context
from terminal.errors import SecretRefused

SIGNING_SECRET = "signing"  # noqa: S105 - the name of a secret
LOCAL_SECRET = "local"  # noqa: S105 - the name of a secret
_SECRET_BYTES = 32
_NAME = re.compile("[a-z]+")
_CREDS_TIMEOUT_S = 60  # a TPM2 may take seconds


class SecretStore(Protocol):
    """Where the machine keeps small secrets. `systemd-creds` on a kiosk, files in the demonstration."""

    def read(self, name: str) -> bytes | None:
        """Return a secret, or None where there is none of that name. Raises: SecretRefused."""

    def write(self, name: str, secret: bytes) -> None:
        """Keep a new secret. Raises: SecretRefused where there is one of that name."""


@dataclass(frozen=True, slots=True)
class FileSecretStore:
    """Secrets in files of mode 0600, one each. For `./kjt run` only: whoever has the disk has them."""

    folder: Path

    def read(self, name: str) -> bytes | None:
        """Return a secret, or None. Raises: SecretRefused("mode") for a file that others may read."""
        path = self._path(name)
        try:
            if path.stat().st_mode & 0o077:
                raise SecretRefused("mode")
            return path.read_bytes()
        except FileNotFoundError:
            return None

    def write(self, name: str, secret: bytes) -> None:
        """Keep a new secret; it is on the disk when this returns. Raises: SecretRefused("exists")."""
        _write_new(self._path(name), secret)

    def _path(self, name: str) -> Path:
        return self.folder / f"{_check_name(name)}.secret"


@dataclass(frozen=True, slots=True)
class SystemdCredsStore:
    """Secrets as encrypted credentials of systemd, one file each: bound to this machine, by its TPM2 where it has one.

    For whoever sets a kiosk up, as root. The terminal's unit then has them by LoadCredentialEncrypted, and the
    terminal reads them with a `CredentialsStore`.
    """

    folder: Path
    key: str = "auto"  # of `systemd-creds --with-key`: machine key and TPM2 where there is one, else the machine key

    def read(self, name: str) -> bytes | None:
        """Return a secret, or None. Raises: SecretRefused("systemd-creds") where this machine cannot open it."""
        path = self._path(name)
        if not path.exists():
            return None
        return _run_creds(["decrypt", f"--name={name}", str(path), "-"], b"")

    def write(self, name: str, secret: bytes) -> None:
        """Keep a new secret; it is on the disk when this returns.

        Raises: SecretRefused("exists"), SecretRefused("systemd-creds").
        """
        sealed = _run_creds(["encrypt", f"--with-key={self.key}", f"--name={_check_name(name)}", "-", "-"], secret)
        _write_new(self._path(name), sealed)

    def _path(self, name: str) -> Path:
        return self.folder / f"{_check_name(name)}.cred"


@dataclass(frozen=True, slots=True)
class CredentialsStore:
    """Secrets that the service manager handed over when it started this process ($CREDENTIALS_DIRECTORY)."""

    folder: Path

    def read(self, name: str) -> bytes | None:
        """Return a secret, or None."""
        try:
            return (self.folder / _check_name(name)).read_bytes()
        except FileNotFoundError:
            return None

    def write(self, name: str, secret: bytes) -> None:  # noqa: ARG002
        """Refuse: a secret made here would be gone at the next start. Raises: SecretRefused("not set up")."""
        raise SecretRefused("not set up")


class SigningSource(Protocol):
    """Whoever knows the key to sign with now (`terminal.signing_keys`)."""

    @property
    def signing(self) -> SigningKey:
        """The key."""


@dataclass(frozen=True, slots=True)
class TerminalKeys:
    """The secrets of one terminal, in memory."""

    first: SigningKey = field(repr=False)  # that it was enrolled with
    local: bytes = field(repr=False)  # half of the house key; the other half is central's share
    # Where the key was renewed since; None where only the first one is known of.
    ring: SigningSource | None = field(default=None, repr=False, compare=False)

    @property
    def signing(self) -> SigningKey:
        """The key to sign with now."""
        return self.first if self.ring is None else self.ring.signing


def load_signing_key(store: SecretStore) -> SigningKey:
    """Return the key the terminal signs with; made at the first call. Raises: SecretRefused."""
    return SigningKey.from_bytes(_load_secret(store, SIGNING_SECRET))


def load_terminal_keys(store: SecretStore) -> TerminalKeys:
    """Return the secrets of a terminal; made at the first call. Raises: SecretRefused."""
    return TerminalKeys(load_signing_key(store), _load_secret(store, LOCAL_SECRET))


def derive_house_key(local_secret: bytes, share: bytes, terminal: bytes) -> HybridSecretKey:
    """Return the key that opens the house store: HKDF of the local secret and central's share."""
    info = make_context("house key", terminal)
    return HybridSecretKey.from_bytes(suite.derive_key(local_secret, share, info, suite.HYBRID_SECRET_BYTES))


def make_secrets(store: SecretStore) -> SigningKey:
    """Make the secrets that are missing, and return the key the terminal signs with. Raises: SecretRefused."""
    _load_secret(store, LOCAL_SECRET)
    return load_signing_key(store)


def sync_folder(folder: Path) -> None:
    """Make the names of new files in a folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _load_secret(store: SecretStore, name: str) -> bytes:
    secret = store.read(name)
    if secret is None:
        secret = secrets.token_bytes(_SECRET_BYTES)
        store.write(name, secret)
    if len(secret) != _SECRET_BYTES:
        raise SecretRefused("length")
    return secret


def _check_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise SecretRefused("name")
    return name


def _write_new(path: Path, data: bytes) -> None:
    temporary = path.with_suffix(".new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    try:
        # A rename would silently replace a key that envelopes are already signed with.
        os.link(temporary, path)
    except FileExistsError:
        raise SecretRefused("exists") from None
    finally:
        temporary.unlink()
    sync_folder(path.parent)


def _run_creds(arguments: list[str], data: bytes) -> bytes:
    """Run systemd-creds; secrets go through pipes alone. Raises: SecretRefused("systemd-creds")."""
    try:
        done = subprocess.run(
            ["systemd-creds", *arguments], input=data, capture_output=True, timeout=_CREDS_TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        raise SecretRefused("systemd-creds") from None
    if done.returncode:
        raise SecretRefused("systemd-creds")
    return done.stdout
