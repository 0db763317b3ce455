"""The audit log's key: one file of mode 0600 with the key and the log's name, in the common text form of note keys."""

from __future__ import annotations

import base64
import binascii
import os
from pathlib import Path

from records.errors import MalformedBytes
from records.notes import ED25519, NoteSigner, sign_note
from records.suite import KEY_BYTES, SigningKey
from service.audit.errors import AuditKeyMissing, AuditKeyRefused

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


def load_audit_key(path: Path) -> NoteSigner:
    """Load the key. Raises: AuditKeyMissing, AuditKeyRefused when others may read it or it is damaged, OSError."""
    try:
        if path.stat().st_mode & 0o077:
            raise AuditKeyRefused("mode")
        text = path.read_text(encoding="utf-8").removesuffix("\n")
    except FileNotFoundError:
        raise AuditKeyMissing(path.name) from None
    except UnicodeDecodeError:
        raise AuditKeyRefused("form") from None
    try:
        name, key_id, encoded = text.removeprefix(f"{_PREFIX}+").split("+", 2)
        data = base64.b64decode(encoded, validate=True)
        signer = NoteSigner(name, SigningKey.from_bytes(data[len(ED25519) :]))
    except (ValueError, binascii.Error, MalformedBytes):
        raise AuditKeyRefused("form") from None
    if not (text.startswith(_PREFIX) and data.startswith(ED25519)) or signer.verifier.key_id.hex() != key_id:
        raise AuditKeyRefused("form")
    return signer
