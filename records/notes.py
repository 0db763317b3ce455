"""Signed notes (C2SP signed-note): the one form of every text that somebody signs."""

from __future__ import annotations

import base64
import binascii
import hashlib
import unicodedata
from dataclasses import dataclass, field
from typing import Protocol

from records.errors import BadSignature, MalformedBytes
from records.suite import MessageSigner, SigningKey, VerifyKey

ED25519 = b"\x01"
_MAX_NOTE_BYTES = 1_000_000
_MAX_SIGNATURES = 16
# C2SP forbids ASCII control characters; we also forbid what would make a text look different from what is signed:
# other controls, line and paragraph separators, surrogates, and the marks that turn the reading direction.
_FORBIDDEN_CATEGORIES = frozenset({"Cc", "Zl", "Zp", "Cs"})
_FORBIDDEN_MARKS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@dataclass(frozen=True, slots=True)
class NoteVerifier:
    """A named key that notes are checked against."""

    name: str
    key: VerifyKey

    @property
    def key_id(self) -> bytes:
        """The 4-byte key id of C2SP signed-note."""
        return hashlib.sha256(self.name.encode() + b"\n" + ED25519 + self.key.data).digest()[:4]

    def to_text(self) -> str:
        """Return the verifier key in its published form: NAME+ID+base64(algorithm || key)."""
        return f"{self.name}+{self.key_id.hex()}+{base64.b64encode(ED25519 + self.key.data).decode()}"

    @classmethod
    def from_text(cls, text: str) -> NoteVerifier:
        """Parse the published form. Raises: MalformedBytes("verifier key")."""
        try:
            name, key_id, encoded = text.strip().split("+", 2)
            data = base64.b64decode(encoded, validate=True)
        except (ValueError, binascii.Error):
            raise MalformedBytes("verifier key") from None
        if data[:1] != ED25519 or not is_key_name(name):
            raise MalformedBytes("verifier key")
        verifier = cls(name, VerifyKey.from_bytes(data[1:]))
        if verifier.key_id.hex() != key_id:
            raise MalformedBytes("verifier key")
        return verifier


class Signer(Protocol):
    """A named key that signs notes, wherever its secret is."""

    @property
    def name(self) -> str:
        """What stands in signature lines."""

    @property
    def key(self) -> MessageSigner:
        """What signs."""

    @property
    def verifier(self) -> NoteVerifier:
        """The public half."""


@dataclass(frozen=True, slots=True)
class NoteSigner:
    """A named key that signs notes."""

    name: str
    key: SigningKey = field(repr=False)

    @property
    def verifier(self) -> NoteVerifier:
        """The public half."""
        return NoteVerifier(self.name, self.key.public)


def sign_note(text: str, *signers: Signer) -> str:
    """Return the note: text (which must end in a newline), an empty line, one signature line per signer.

    Raises: MalformedBytes("note text"), MalformedBytes("signer").
    """
    if not text.endswith("\n") or not _is_readable(text):
        raise MalformedBytes("note text")
    if not signers or not all(is_key_name(signer.name) for signer in signers):
        raise MalformedBytes("signer")
    lines = []
    for signer in signers:
        signature = signer.verifier.key_id + signer.key.sign(text.encode())
        lines.append(f"— {signer.name} {base64.b64encode(signature).decode()}\n")
    return text + "\n" + "".join(lines)


def add_signature(note: str, signer: Signer) -> str:
    """Return a note with one signature more, over the text that is there. Raises: MalformedBytes."""
    text, _ = split_note(note)
    return note + sign_note(text, signer).removeprefix(text + "\n")


def open_note(note: str, verifier: NoteVerifier) -> str:
    """Return the text of a note that `verifier` has signed; signatures by other keys are ignored.

    A false signature under the verifier's name and key id refuses the whole note, also beside a true one.
    Raises: MalformedBytes("note"), BadSignature.
    """
    text, signatures = split_note(note)
    ours = [data[4:] for name, data in signatures if (name, data[:4]) == (verifier.name, verifier.key_id)]
    if not ours:
        raise BadSignature("note")
    for signature in ours:
        verifier.key.verify(text.encode(), signature)
    return text


def join_lines(lines: list[str]) -> str:
    """Return a note's text of these lines. Raises: MalformedBytes("note text") where one would become two."""
    if any("\n" in line for line in lines):
        raise MalformedBytes("note text")
    return "\n".join(lines) + "\n"


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


def split_note(note: str) -> tuple[str, list[tuple[str, bytes]]]:
    """Return a note's text, and name and bytes of each signature, none of them checked. Raises: MalformedBytes."""
    if not note.endswith("\n") or not _is_readable(note) or len(note.encode()) > _MAX_NOTE_BYTES:
        raise MalformedBytes("note")
    # The last empty line ends the text, which may contain others.
    text, separator, signatures = note.rpartition("\n\n")
    lines = signatures.removesuffix("\n").split("\n")
    if not separator or len(lines) > _MAX_SIGNATURES:
        raise MalformedBytes("note")
    return text + "\n", [_parse_signature(line) for line in lines]


def _parse_signature(line: str) -> tuple[str, bytes]:
    dash, _, rest = line.partition(" ")
    name, _, encoded = rest.partition(" ")
    try:
        data = base64.b64decode(encoded, validate=True)
    except (ValueError, binascii.Error):
        raise MalformedBytes("note") from None
    # Loose last bits of base64: one signature would have several lines, and a note several digests.
    is_canonical = base64.b64encode(data).decode() == encoded
    if dash != "—" or not is_key_name(name) or len(data) < 5 or not is_canonical:
        raise MalformedBytes("note")
    return name, data


def is_key_name(name: str) -> bool:
    """Tell whether a signature line can carry this name."""
    return bool(name) and "+" not in name and not any(character.isspace() for character in name) and _is_readable(name)


def _is_readable(text: str) -> bool:
    characters = set(text) - {"\n"}
    return characters.isdisjoint(_FORBIDDEN_MARKS) and _FORBIDDEN_CATEGORIES.isdisjoint(
        unicodedata.category(character) for character in characters
    )
