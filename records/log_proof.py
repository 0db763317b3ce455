"""Proofs that a text stands in a log (C2SP tlog-proof), checked without asking anybody."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass

from records.checkpoint import open_checkpoint
from records.errors import BadSignature, MalformedBytes
from records.log_keys import LogVerifier
from records.notes import NoteVerifier
from records.tree import HASH_BYTES, hash_leaf, verify_inclusion

_FIRST_LINE = "c2sp.org/tlog-proof@v1"
_INDEX = re.compile(r"index (0|[1-9][0-9]{0,17})")
_MAX_HASHES = 63


@dataclass(frozen=True, slots=True)
class LogProof:
    """Where in the log a leaf stands, the way from it to the root, and the checkpoint with that root."""

    index: int
    hashes: tuple[bytes, ...]  # 32 bytes each, from the leaf upwards
    checkpoint: str  # a signed note

    def to_text(self) -> str:
        """Return the proof in its published form."""
        hashes = [base64.b64encode(each).decode() for each in self.hashes]
        return "\n".join([_FIRST_LINE, f"index {self.index}", *hashes, "", self.checkpoint])

    @classmethod
    def from_text(cls, text: str) -> LogProof:
        """Parse the published form; a proof with extra data is refused. Raises: MalformedBytes("proof")."""
        head, separator, checkpoint = text.partition("\n\n")
        first, *lines = head.split("\n")
        index = _INDEX.fullmatch(lines[0]) if lines else None
        if not separator or first != _FIRST_LINE or index is None or len(lines) > 1 + _MAX_HASHES:
            raise MalformedBytes("proof")
        return cls(int(index[1]), tuple(map(_read_hash, lines[1:])), checkpoint)


def verify_logged(leaf: bytes, proof: LogProof, keys: LogVerifier | Sequence[NoteVerifier]) -> None:
    """Check that a leaf stands in the log of these keys; whoever knows its second key asks for that signature too.

    Raises: BadSignature, MalformedBytes.
    """
    checkpoint = (
        keys.open(proof.checkpoint) if isinstance(keys, LogVerifier) else open_checkpoint(proof.checkpoint, keys)
    )
    if not verify_inclusion(hash_leaf(leaf), proof.index, checkpoint.size, proof.hashes, checkpoint.root):
        raise BadSignature("proof")


def _read_hash(line: str) -> bytes:
    try:
        data = base64.b64decode(line, validate=True)
    except (ValueError, binascii.Error):
        raise MalformedBytes("proof") from None
    if len(data) != HASH_BYTES or base64.b64encode(data).decode() != line:
        raise MalformedBytes("proof")
    return data
