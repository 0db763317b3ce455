"""A witness's key file: one seed, from which the Ed25519 and the ML-DSA-44 key follow."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from oversight.errors import FileRefused, KeyMissing
from records import suite
from records.cosignature import ED25519, ML_DSA_44, Witness
from records.suite import KEY_BYTES, make_context


class _KeyFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    seed: bytes


def create_witness_key(path: Path, name: str) -> tuple[Witness, Witness]:
    """Make the key file, mode 0600. Return the two witnesses. Raises: MalformedBytes("name"), FileExistsError."""
    file = _KeyFile(name, os.urandom(KEY_BYTES))
    witnesses = _derive(file)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        out.write(msgspec.json.encode(file) + b"\n")
        out.flush()
        os.fsync(out.fileno())
    return witnesses


def load_witness_key(path: Path) -> tuple[Witness, Witness]:
    """Return the witness's two keys. Raises: KeyMissing, FileRefused when others may read it or it is damaged."""
    try:
        if path.stat().st_mode & 0o077:
            raise FileRefused(path.name)
        return _derive(msgspec.json.decode(path.read_bytes(), type=_KeyFile))
    except FileNotFoundError:
        raise KeyMissing(path.name) from None
    except msgspec.MsgspecError:
        raise FileRefused(path.name) from None


def _derive(file: _KeyFile) -> tuple[Witness, Witness]:
    # One key for each kind of cosignature: an Ed25519 one does not name its cosigner.
    ed25519, ml_dsa = (
        suite.derive_key(file.seed, b"", make_context(f"witness {kind}")) for kind in ("ed25519", "ml-dsa-44")
    )
    return Witness(file.name, ED25519, ed25519), Witness(file.name, ML_DSA_44, ml_dsa)
