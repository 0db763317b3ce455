"""What a service begins with: a digest of its settings and of the files that they name, for its audit log."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import msgspec

# A database's address may hold a password, which could be tried against a digest.
_LEFT_OUT = frozenset({"database"})


def digest_settings(settings: msgspec.Struct, *files: Path | None) -> str:
    """Return SHA-256 of settings and of what is in these files, hexadecimal. Raises: OSError."""
    values: dict[str, Any] = msgspec.to_builtins(settings, enc_hook=str)
    kept = {name: value for name, value in values.items() if name not in _LEFT_OUT}
    found = hashlib.sha256(json.dumps(kept, sort_keys=True).encode())
    for file in files:
        found.update(hashlib.sha256(b"" if file is None else file.read_bytes()).digest())
    return found.hexdigest()
