"""The public log of releases: a folder of tiles (C2SP tlog-tiles) that any web server can serve and anybody can check.

Its leaves are the texts that were signed, in the clear: what a release is, everybody may know.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from records.checkpoint import Checkpoint, open_checkpoint
from records.errors import BadSignature, MalformedBytes
from records.log_keys import LogSigner
from records.log_proof import LogProof
from records.notes import NoteSigner
from records.tree import compute_root, prove_inclusion
from service.audit.tiles import LeafTree, list_tiles, write_tile

_LENGTH_BYTES = 2
_ENTRIES = "entries"


class ReleaseLog:
    """The log in one folder. `entries` holds every leaf; all else can be made from it again."""

    def __init__(
        self, folder: Path, signer: NoteSigner, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._folder, self._signer, self._clock = folder, signer, clock

    def append(self, text: str) -> LogProof:
        """Add a leaf, publish tiles and checkpoint, and return the proof that it is there.

        A text that is there already is not added again. Raises: MalformedBytes, BadSignature (the folder was changed
        by somebody else), OSError.
        """
        leaves, leaf = self._load(), text.encode()
        if leaf not in leaves:
            leaves.append(leaf)
            self._write(_ENTRIES, b"".join(len(each).to_bytes(_LENGTH_BYTES, "big") + each for each in leaves))
        tree = LeafTree(leaves)
        checkpoint = Checkpoint(self._signer.name, len(leaves), compute_root(tree, len(leaves)))
        note = self._find_signed(checkpoint) or self._sign(checkpoint)
        for tile in list_tiles(len(leaves)):
            self._write(tile.path, write_tile(tile, tree, leaves))
        # Last: whoever reads the checkpoint finds every tile that it speaks of.
        self._write("checkpoint", note.encode())
        index = leaves.index(leaf)
        return LogProof(index, tuple(prove_inclusion(tree, index, len(leaves))), note)

    def _sign(self, checkpoint: Checkpoint) -> str:
        note = checkpoint.sign(self._signer)
        if not isinstance(self._signer, LogSigner):
            return note
        return self._signer.sign_second(note, int(self._clock().timestamp()))

    def _find_signed(self, checkpoint: Checkpoint) -> str:
        """Return the note of this very checkpoint where it lies there: the second signature is new each time."""
        try:
            note = (self._folder / "checkpoint").read_text(encoding="utf-8")
            verifier = self._signer.log_verifier if isinstance(self._signer, LogSigner) else None
            last = verifier.open(note) if verifier else open_checkpoint(note, [self._signer.verifier])
        except (FileNotFoundError, BadSignature):
            return ""  # none yet, or one from before the log had its second key
        return note if last == checkpoint else ""

    def _load(self) -> list[bytes]:
        """Return the leaves, which must be those that the last checkpoint was signed over, or one more."""
        try:
            leaves = read_entries((self._folder / _ENTRIES).read_bytes())
            note = (self._folder / "checkpoint").read_text(encoding="utf-8")
        except FileNotFoundError:
            return []
        last = open_checkpoint(note, [self._signer.verifier])
        # The power may have gone between the two files; nothing before may have changed.
        if len(leaves) < last.size or compute_root(LeafTree(leaves[: last.size]), last.size) != last.root:
            raise MalformedBytes("entries")
        return leaves

    def _write(self, name: str, data: bytes) -> None:
        path = self._folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(path.name + ".new")
        with fresh.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.rename(fresh, path)


def read_entries(data: bytes) -> list[bytes]:
    """Return the leaves of an entry bundle: each with its length in two bytes before it. Raises: MalformedBytes."""
    leaves, at = [], 0
    while at < len(data):
        length = int.from_bytes(data[at : at + _LENGTH_BYTES], "big")
        at += _LENGTH_BYTES
        if len(data) < at + length:
            raise MalformedBytes("entries")
        leaves.append(data[at : at + length])
        at += length
    return leaves
