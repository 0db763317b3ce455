"""Key folders of court, oversight and desk for comparison: one file a key, mode 0600, beside its public half.

    judge      judge.key  judge.pub         one folder a judge: two signatures need two folders
    court      box.key    box.pub           where the station's outcomes arrive
    oversight  list.key   list.pub          offline
    desk       permit.key permit.pub  box.key  box.pub

A signing key is its 32-byte seed, a box its 96 bytes. What a party brings to oversight for the annex is text: the
verifier keys of its signed notes, a line each, and then its box in hexadecimal.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from oversight.errors import FileRefused, KeysExist, KeysRefused
from oversight.keys import read_private, write_private
from records.errors import RecordsError
from records.notes import NoteSigner, NoteVerifier, is_key_name
from records.suite import HYBRID_SECRET_BYTES, KEY_BYTES, HybridPublicKey, HybridSecretKey, SigningKey

RandomBytes = Callable[[int], bytes]
_BOX = "box"


class KeyFile(StrEnum):
    """What a signing key signs."""

    JUDGE = "judge"  # decisions and withdrawals
    LIST = "list"  # lists of decisions
    PERMIT = "permit"  # permits and stops


@dataclass(frozen=True, slots=True)
class PublicKeys:
    """The public half of a party's keys, as it brings them to oversight."""

    signers: tuple[NoteVerifier, ...]
    box: HybridPublicKey

    def to_text(self) -> str:
        """Return the file's text."""
        return "".join(f"{line}\n" for line in (*(key.to_text() for key in self.signers), self.box.data.hex()))

    @classmethod
    def from_text(cls, text: str) -> PublicKeys:
        """Read the file's text. Raises: FileRefused."""
        *keys, box = text.split() or [""]
        try:
            found = cls(
                tuple(NoteVerifier.from_text(key) for key in keys), HybridPublicKey.from_bytes(bytes.fromhex(box))
            )
        except (ValueError, RecordsError):
            raise FileRefused("public keys") from None
        if not keys:
            raise FileRefused("public keys")
        return found


def make_signing_key(folder: Path, which: KeyFile, name: str, random_bytes: RandomBytes = os.urandom) -> NoteVerifier:
    """Make a signing key of this name. Raises: KeysExist, KeysRefused("name")."""
    if not is_key_name(name):
        raise KeysRefused("name")
    _claim(folder, which)
    signer = NoteSigner(name, SigningKey.from_bytes(random_bytes(KEY_BYTES)))
    write_private(folder / f"{which}.key", signer.key.data)
    (folder / f"{which}.pub").write_text(signer.verifier.to_text() + "\n", encoding="utf-8")
    return signer.verifier


def load_signing_key(folder: Path, which: KeyFile) -> NoteSigner:
    """Load a signing key. Raises: KeysRefused naming the file."""
    try:
        verifier = NoteVerifier.from_text((folder / f"{which}.pub").read_text(encoding="utf-8"))
        key = SigningKey.from_bytes(read_private(folder / f"{which}.key"))
    except (OSError, UnicodeDecodeError, RecordsError):
        raise KeysRefused(f"{which}.key") from None
    if key.public != verifier.key:
        raise KeysRefused(f"{which}.pub")
    return NoteSigner(verifier.name, key)


def make_box(folder: Path, random_bytes: RandomBytes = os.urandom) -> HybridPublicKey:
    """Make the key that mail is sealed to. Raises: KeysExist."""
    _claim(folder, _BOX)
    box = HybridSecretKey.from_bytes(random_bytes(HYBRID_SECRET_BYTES))
    write_private(folder / f"{_BOX}.key", box.data)
    (folder / f"{_BOX}.pub").write_text(box.public.data.hex() + "\n", encoding="utf-8")
    return box.public


def load_box(folder: Path) -> HybridSecretKey:
    """Load the key of a box. Raises: KeysRefused."""
    try:
        return HybridSecretKey.from_bytes(read_private(folder / f"{_BOX}.key"))
    except RecordsError:
        raise KeysRefused(f"{_BOX}.key") from None


def _claim(folder: Path, name: str) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if (folder / f"{name}.key").exists():
        raise KeysExist(folder.name)
