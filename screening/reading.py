"""Reading what oversight brings, one decision at a time: each by itself in a file, or many in one file.

Nothing is held but the decision at hand, so that twenty thousand cost no more memory than one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from records.comparing.decisions import MAX_NOTE_BYTES
from screening.errors import ListRefused

MOST_BYTES = 64 * 1024 * 1024
_FIRST = "kuaijietong decision"
_NO_DECISIONS = frozenset({"list.note", "delta.note"})


@dataclass(frozen=True, slots=True)
class NamedNote:
    """A decision as it was brought: the file it is in, the line it begins at, and the note."""

    file: str
    line: int
    note: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class NoteFiles:
    """The decisions of some files. They are read anew each time somebody goes through them."""

    files: tuple[Path, ...]

    def __iter__(self) -> Iterator[NamedNote]:
        """Yield the decisions. Raises: ListRefused for a file that is no text, OSError."""
        for file in self.files:
            try:
                # A line ends where a signed note's does, and nowhere else.
                with file.open(encoding="utf-8", newline="\n") as opened:
                    yield from split_notes(file.name, iter(partial(opened.readline, MAX_NOTE_BYTES + 1), ""))
            except UnicodeDecodeError:
                raise ListRefused(file.name) from None


def read_notes(path: Path) -> NoteFiles:
    """Return the decisions of a folder (`*.note`, without the list) or of one file that has them one after the other.

    Raises: ListRefused("size") for a file that is too large, OSError.
    """
    files = sorted(each for each in path.glob("*.note") if each.name not in _NO_DECISIONS) if path.is_dir() else [path]
    if any(each.stat().st_size > MOST_BYTES for each in files):
        raise ListRefused("size")
    return NoteFiles(tuple(files))


def split_notes(name: str, lines: Iterable[str]) -> Iterator[NamedNote]:
    """Split lines at each first line of a decision; what is no decision is one, and refused for it.

    What is longer than any decision is cut off, and refused for that.
    """
    start, held, length = 1, list[str](), 0
    number = 0
    for number, line in enumerate(lines, 1):  # the last one's number is needed below
        if line.startswith(_FIRST) and number > 1:
            yield _make_note(name, start, held)
            start, held, length = number, [], 0
        if length <= MAX_NOTE_BYTES:
            held.append(line)
            length += len(line)
    if number:
        yield _make_note(name, start, held)


def _make_note(name: str, start: int, lines: list[str]) -> NamedNote:
    return NamedNote(name, start, "".join(lines).rstrip("\n") + "\n")
