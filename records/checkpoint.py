"""Checkpoints (C2SP tlog-checkpoint): size and root of the log at one moment, as a signed note."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass

from records.errors import BadSignature, MalformedBytes
from records.notes import NoteSigner, NoteVerifier, join_lines, open_note, sign_note
from records.tree import HASH_BYTES

_SIZE = re.compile(r"0|[1-9][0-9]{0,17}")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The log's name, how many leaves it has, and the root over them."""

    origin: str
    size: int
    root: bytes

    def to_text(self) -> str:
        """Return the text that is signed."""
        return join_lines([self.origin, str(self.size), base64.b64encode(self.root).decode()])

    def sign(self, signer: NoteSigner) -> str:
        """Return the checkpoint as a signed note."""
        return sign_note(self.to_text(), signer)

    @classmethod
    def from_text(cls, text: str) -> Checkpoint:
        """Read a note's text; extension lines are refused. Raises: MalformedBytes("checkpoint")."""
        try:
            origin, size, root = text.removesuffix("\n").split("\n")
            data = base64.b64decode(root, validate=True)
        except (ValueError, binascii.Error):
            raise MalformedBytes("checkpoint") from None
        if not _SIZE.fullmatch(size) or len(data) != HASH_BYTES or base64.b64encode(data).decode() != root:
            raise MalformedBytes("checkpoint")
        return cls(origin, int(size), data)


def open_checkpoint(note: str, verifiers: Sequence[NoteVerifier]) -> Checkpoint:
    """Return the checkpoint of a note that one of the keys signed under the log's name.

    There are several keys where a lost one was replaced. Raises: MalformedBytes, BadSignature.
    """
    for verifier in verifiers:
        try:
            found = Checkpoint.from_text(open_note(note, verifier))
        except BadSignature:
            continue
        if found.origin == verifier.name:
            return found
    raise BadSignature("checkpoint")


def is_plain(note: str) -> bool:
    """Tell whether an opened note is byte for byte as its signer wrote it: one signature line, no spare bits."""
    lines = note.partition("\n\n")[2].splitlines(keepends=True)
    encoded = lines[-1].split(" ")[-1].removesuffix("\n") if lines else ""
    return len(lines) == 1 and base64.b64encode(base64.b64decode(encoded)).decode() == encoded
