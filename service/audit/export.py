"""The whole log as one file: a tar archive with the log's tiles under their standard paths, and beside them the texts.

    checkpoint          the newest checkpoint
    checkpoints         all that are kept, one after the other, the oldest first
    entries             the entries whose text is kept, one a line
    tile/...            C2SP tlog-tiles

The same log gives the same bytes, so that a changed byte anywhere can be told.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass

from service.audit.tiles import LeafTree, list_tiles, write_tile

CHECKPOINT, CHECKPOINTS, ENTRIES = "checkpoint", "checkpoints", "entries"
NOTE_LINES = 5  # origin, size, root, an empty line, a signature
# The newest checkpoint may have one line more: the log's signature by ML-DSA-44.


@dataclass(frozen=True, slots=True)
class LogCopy:
    """A log up to its newest checkpoint."""

    commitments: tuple[bytes, ...]
    entries: tuple[str, ...]  # lines as `Entry.to_line` writes them
    checkpoints: tuple[str, ...]  # signed notes, the oldest first; the newest may have a second signature


def list_members(copy: LogCopy) -> dict[str, bytes]:
    """Return the files of an export by their paths, in their order."""
    tree = LeafTree(copy.commitments)
    texts = {
        CHECKPOINT: copy.checkpoints[-1] if copy.checkpoints else "",
        CHECKPOINTS: "".join(copy.checkpoints),
        ENTRIES: "".join(copy.entries),
    }
    tiles = {tile.path: write_tile(tile, tree, copy.commitments) for tile in list_tiles(len(copy.commitments))}
    return {name: text.encode() for name, text in texts.items()} | tiles


def split_checkpoints(text: str) -> tuple[str, ...]:
    """Take the file `checkpoints` to its notes, as far as they go."""
    lines = text.splitlines(keepends=True)
    if len(lines) % NOTE_LINES == 1 and len(lines) > 1:
        lines[-2:] = ["".join(lines[-2:])]
    return tuple("".join(lines[at : at + NOTE_LINES]) for at in range(0, len(lines), NOTE_LINES))


def write_archive(members: Mapping[str, bytes]) -> bytes:
    """Return the archive of these files."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, data in members.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(data), 0o600
            archive.addfile(member, io.BytesIO(data))
    return file.getvalue()


def read_archive(data: bytes) -> dict[str, bytes]:
    """Return the files of an archive by their paths. Raises: ValueError for what is no archive of ours."""
    members = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
            for member in archive:
                file = archive.extractfile(member)
                if file is None or member.size > len(data):
                    raise ValueError(member.name)
                members[member.name] = file.read()
    except (tarfile.TarError, EOFError, UnicodeError, OverflowError):
        raise ValueError("archive") from None
    return members
