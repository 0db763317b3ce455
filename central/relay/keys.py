"""The relay's own key: the desk evaluates for whoever has it and for nobody else."""

from __future__ import annotations

import os
from pathlib import Path

from records.errors import KeyFileRefused
from records.suite import KEY_BYTES, SigningKey


def ensure_relay_key(path: Path) -> SigningKey:
    """Load the relay's key, and make it the first time (32-byte seed, mode 0600).

    Raises: KeyFileRefused when others may read the file, or its length is wrong; OSError.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _load(path)
    with os.fdopen(descriptor, "wb") as file:
        file.write(os.urandom(KEY_BYTES))
        file.flush()
        os.fsync(file.fileno())
    return _load(path)


def _load(path: Path) -> SigningKey:
    if path.stat().st_mode & 0o077:
        raise KeyFileRefused("mode")
    seed = path.read_bytes()
    if len(seed) != KEY_BYTES:
        raise KeyFileRefused("length")
    return SigningKey.from_bytes(seed)
