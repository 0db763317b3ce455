"""Reading what oversight brings: the list, and the decisions, each by itself in a file or many in one file."""

from __future__ import annotations

from pathlib import Path

from screening.errors import ListRefused
from screening.importing import NamedNote

MOST_BYTES = 64 * 1024 * 1024
_FIRST = "kuaijietong decision"


def read_notes(path: Path) -> list[NamedNote]:
    """Read the decisions of a folder (`*.note`, without list.note) or of one file that has them one after the other.

    Raises: ListRefused for a file that is no text or too large, OSError.
    """
    files = sorted(each for each in path.glob("*.note") if each.name != "list.note") if path.is_dir() else [path]
    return [note for file in files for note in split_notes(file.name, _read(file))]


def split_notes(name: str, text: str) -> list[NamedNote]:
    """Split a file at each first line of a decision; what is no decision is one, and refused for it."""
    lines = text.splitlines(keepends=True)
    starts = [n for n, line in enumerate(lines) if line.startswith(_FIRST)] or [0]
    if starts[0]:
        starts.insert(0, 0)
    ends = [*starts[1:], len(lines)]
    return [
        NamedNote(name, start + 1, "".join(lines[start:end]).rstrip("\n") + "\n")
        for start, end in zip(starts, ends, strict=True)
    ]


def _read(path: Path) -> str:
    if path.stat().st_size > MOST_BYTES:
        raise ListRefused("size")
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise ListRefused(path.name) from None
