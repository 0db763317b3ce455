"""Signed notes (C2SP signed-note): the one form of every text that somebody signs."""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass, field

from records.errors import BadSignature, MalformedBytes
from records.suite import SigningKey, VerifyKey

_ED25519 = b"\x01"
_MAX_NOTE_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class NoteVerifier:
    """A named key that notes are checked against."""

    name: str
    key: VerifyKey

    @property
    def key_id(self) -> bytes:
        """The 4-byte key id of C2SP signed-note."""
        return hashlib.sha256(self.name.encode() + b"\n" + _ED25519 + self.key.data).digest()[:4]

    def to_text(self) -> str:
        """Return the verifier key in its published form: NAME+ID+base64(0x01 || key)."""
        return f"{self.name}+{self.key_id.hex()}+{base64.b64encode(_ED25519 + self.key.data).decode()}"

    @classmethod
    def from_text(cls, text: str) -> NoteVerifier:
        """Parse the published form. Raises: MalformedBytes("verifier key")."""
        try:
            name, key_id, encoded = text.strip().split("+", 2)
            data = base64.b64decode(encoded, validate=True)
        except (ValueError, binascii.Error):
            raise MalformedBytes("verifier key") from None
        if data[:1] != _ED25519:
            raise MalformedBytes("verifier key")
        verifier = cls(name, VerifyKey.from_bytes(data[1:]))
        if verifier.key_id.hex() != key_id:
            raise MalformedBytes("verifier key")
        return verifier


@dataclass(frozen=True, slots=True)
class NoteSigner:
    """A named key that signs notes."""

    name: str
    key: SigningKey = field(repr=False)

    @property
    def verifier(self) -> NoteVerifier:
        """The public half."""
        return NoteVerifier(self.name, self.key.public)


def sign_note(text: str, *signers: NoteSigner) -> str:
    """Return the note: text (which must end in a newline), an empty line, one signature line per signer."""
    if not text.endswith("\n") or any(ord(c) < 0x20 and c != "\n" for c in text):
        raise MalformedBytes("note text")
    lines = []
    for signer in signers:
        signature = signer.verifier.key_id + signer.key.sign(text.encode())
        lines.append(f"— {signer.name} {base64.b64encode(signature).decode()}\n")
    return text + "\n" + "".join(lines)


def open_note(note: str, verifier: NoteVerifier) -> str:
    """Return the text of a note that `verifier` has signed; other signature lines are ignored.

    Raises: MalformedBytes("note"), BadSignature.
    """
    text, signatures = _split_note(note)
    prefix = f"— {verifier.name} "
    for line in signatures:
        if not line.startswith(prefix):
            continue
        try:
            data = base64.b64decode(line.removeprefix(prefix), validate=True)
        except (ValueError, binascii.Error):
            raise MalformedBytes("note") from None
        if data[:4] == verifier.key_id:
            verifier.key.verify(text.encode(), data[4:])
            return text
    raise BadSignature("note")


def parse_fields(text: str, first_line: str) -> list[tuple[str, str]]:
    """Return the `name: value` lines of a note's text, in order. Raises: MalformedBytes("note")."""
    first, *lines = text.removesuffix("\n").split("\n")
    if first != first_line:
        raise MalformedBytes("note")
    fields = []
    for line in lines:
        name, separator, value = line.partition(": ")
        if not separator:
            raise MalformedBytes("note")
        fields.append((name, value))
    return fields


def parse_unique_fields(text: str, first_line: str, names: frozenset[str]) -> dict[str, str]:
    """Return the fields of a text that must have exactly these names, each once. Raises: MalformedBytes."""
    pairs = parse_fields(text, first_line)
    found = dict(pairs)
    if len(found) != len(pairs) or found.keys() != names:
        raise MalformedBytes("note")
    return found


def _split_note(note: str) -> tuple[str, list[str]]:
    if len(note) > _MAX_NOTE_BYTES or "\n\n" not in note or not note.endswith("\n"):
        raise MalformedBytes("note")
    text, signatures = note.rsplit("\n\n", 1)
    return text + "\n", signatures.removesuffix("\n").split("\n")
