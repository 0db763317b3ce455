"""An entry of the audit log, and the commitment to it that stands in the tree."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

import msgspec

from records.errors import MalformedBytes

SALT_BYTES = 16
COMMITMENT_BYTES = 32
_MAX_LENGTH = 200
_FIELDS = msgspec.json.Decoder(tuple[int, int, str, str, str])


class LogAct(StrEnum):
    """What every log says of itself."""

    CHECKPOINT = "checkpoint"  # subject: the size that the checkpoint signs
    PADDING = "padding"
    FORGET = "forget entries"  # subject: the number of the first entry that is kept
    EXPORT = "export log"
    READ = "read log"
    SETTINGS = "begin with settings"  # others than before; subject: their digest


@dataclass(frozen=True, slots=True)
class Entry:
    """One act. Its number is its place in the log."""

    number: int
    time: int  # whole seconds since 1970-01-01T00:00Z
    actor: str = field(repr=False)
    act: str
    subject: str = field(repr=False)
    salt: bytes = field(repr=False)

    def __post_init__(self) -> None:
        texts = (self.actor, self.act, self.subject)
        if not all(text.isprintable() and len(text) <= _MAX_LENGTH for text in texts) or len(self.salt) != SALT_BYTES:
            raise MalformedBytes("audit entry")

    @property
    def commitment(self) -> bytes:
        """SHA-256 of salt and text: what the tree holds in place of the entry."""
        # Without the salt nobody can find out by trying which of a few names it was.
        return hashlib.sha256(self.salt + self._to_json()).digest()

    def to_line(self) -> str:
        """Return the entry as a line of an export: the salt in hexadecimal, a space, the text as it is hashed."""
        return f"{self.salt.hex()} {self._to_json().decode()}\n"

    @classmethod
    def from_line(cls, line: str) -> Entry:
        """Read what `to_line` wrote, and nothing else. Raises: MalformedBytes("audit entry")."""
        salt, _, text = line.partition(" ")
        try:
            entry = cls(*_FIELDS.decode(text), bytes.fromhex(salt))
        except (ValueError, msgspec.MsgspecError):
            raise MalformedBytes("audit entry") from None
        if entry.to_line() != line:
            raise MalformedBytes("audit entry")
        return entry

    def _to_json(self) -> bytes:
        return msgspec.json.encode((self.number, self.time, self.actor, self.act, self.subject))


@dataclass(frozen=True, slots=True)
class Act:
    """What somebody did, before it has its number."""

    actor: str
    act: str
    subject: str = ""

    def make_entry(self, number: int, time: int, random_bytes: Callable[[int], bytes] = os.urandom) -> Entry:
        """Return the entry with its number and a salt of its own. Raises: MalformedBytes("audit entry")."""
        return Entry(number, time, self.actor, self.act, self.subject, random_bytes(SALT_BYTES))
