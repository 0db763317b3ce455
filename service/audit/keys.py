"""The audit log's keys: one file of mode 0600, a key a line with the log's name, in the common text form of note keys.

The first is Ed25519; a second, where there is one, ML-DSA-44 (its 32-byte seed).
"""

from __future__ import annotations

import base64
import binascii
import os
from pathlib import Path

from records.cosignature import ML_DSA_44, Witness, WitnessKey
from records.errors import MalformedBytes
from records.log_keys import LogSigner, LogVerifier
from records.notes import ED25519, NoteSigner, sign_note
from records.suite import KEY_BYTES, SigningKey
from service.audit.errors import AuditKeyMissing, AuditKeyRefused

__all__ = ["LogSigner", "LogVerifier", "add_second_key", "create_audit_key", "create_log_keys", "load_audit_key"]

_PREFIX = "PRIVATE+KEY"


def create_audit_key(path: Path, name: str) -> NoteSigner:
    """Make the key's file. `name` is the log's, such as example.org/kuaijietong.

    Raises: AuditKeyRefused("name") for one that a signed note cannot carry, FileExistsError.
    """
    signer = NoteSigner(name, SigningKey.from_bytes(os.urandom(KEY_BYTES)))
    try:
        sign_note(f"{name}\n", signer)
    except MalformedBytes:
        raise AuditKeyRefused("name") from None
    data = base64.b64encode(ED25519 + signer.key.data).decode()
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(f"{_PREFIX}+{name}+{signer.verifier.key_id.hex()}+{data}\n")
        file.flush()
        os.fsync(file.fileno())
    return signer


def create_log_keys(path: Path, name: str) -> LogSigner:
    """Make the file with a key of both kinds, as every new log has it.

    Raises: AuditKeyRefused("name") for one that a signed note cannot carry, FileExistsError, OSError.
    """
    create_audit_key(path, name)
    add_second_key(path)
    return load_audit_key(path)


def add_second_key(path: Path) -> WitnessKey:
    """Add an ML-DSA-44 key to a key's file, and return its public half.

    Raises: AuditKeyMissing, AuditKeyRefused("second") where there is one already, OSError.
    """
    signer = load_audit_key(path)
    if signer.second is not None:
        raise AuditKeyRefused("second")
    second = Witness(signer.name, ML_DSA_44, os.urandom(KEY_BYTES))
    data = base64.b64encode(ML_DSA_44 + second.seed).decode()
    with path.open("a", encoding="utf-8") as file:
        file.write(f"{_PREFIX}+{second.name}+{second.key.key_id.hex()}+{data}\n")
        file.flush()
        os.fsync(file.fileno())
    return second.key


def load_audit_key(path: Path) -> LogSigner:
    """Load the keys. Raises: AuditKeyMissing, AuditKeyRefused when others may read it or it is damaged, OSError."""
    try:
        if path.stat().st_mode & 0o077:
            raise AuditKeyRefused("mode")
        text = path.read_text(encoding="utf-8").removesuffix("\n")
    except FileNotFoundError:
        raise AuditKeyMissing(path.name) from None
    except UnicodeDecodeError:
        raise AuditKeyRefused("form") from None
    first, *others = text.split("\n")
    name, key_id, key = _read_line(first, ED25519)
    signer = LogSigner(name, key)
    if signer.verifier.key_id.hex() != key_id or len(others) > 1:
        raise AuditKeyRefused("form")
    if not others:
        return signer
    name, key_id, key = _read_line(others[0], ML_DSA_44)
    second = Witness(name, ML_DSA_44, key.data)
    if second.key.key_id.hex() != key_id or name != signer.name:
        raise AuditKeyRefused("form")
    return LogSigner(signer.name, signer.key, second)


def _read_line(line: str, algorithm: bytes) -> tuple[str, str, SigningKey]:
    """Return name, key id and the 32 secret bytes of a line. Raises: AuditKeyRefused."""
    try:
        name, key_id, encoded = line.removeprefix(f"{_PREFIX}+").split("+", 2)
        data = base64.b64decode(encoded, validate=True)
        key = SigningKey.from_bytes(data[len(algorithm) :])
    except (ValueError, binascii.Error, MalformedBytes):
        raise AuditKeyRefused("form") from None
    if not (line.startswith(f"{_PREFIX}+") and data.startswith(algorithm)):
        raise AuditKeyRefused("form")
    return name, key_id, key
