"""Files between court, oversight, office and desk: decisions one after the other, a list, and its leaves."""

from __future__ import annotations

from pathlib import Path

from oversight.comparing.countersigning import Countersigned, NamedNote
from oversight.errors import FileRefused
from oversight.keys import write_private
from records.comparing.annex import MAX_DECISIONS, Annex
from records.comparing.decisions import FIRST_LINE
from records.comparing.withdrawals import Withdrawal, load_withdrawal

LIST_FILE, LEAVES_FILE, DECISIONS_FILE = "list.note", "leaves.txt", "decisions.note"
DELTA_FILE, REMOVED_FILE = "delta.note", "removed.txt"
MAX_FILE_BYTES = 64 * 1024 * 1024


def write_list(folder: Path, made: Countersigned) -> None:
    """Write list, decisions and leaves into a folder: all three to the office, list and leaves to the desk."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_private(folder / DECISIONS_FILE, "".join(decision.note for decision in made.decisions).encode())
    write_private(folder / LEAVES_FILE, "".join(f"{leaf.hex()}\n" for leaf in made.tree.leaves).encode())
    # Last: who finds a list finds what belongs to it.
    write_private(folder / LIST_FILE, made.note.encode())


def read_leaves(path: Path) -> list[bytes]:
    """Read a list's leaves. Raises: FileRefused."""
    lines = read_text(path).split()
    try:
        leaves = [bytes.fromhex(line) for line in lines]
    except ValueError:
        raise FileRefused(path.name) from None
    if len(leaves) > MAX_DECISIONS or any(len(leaf) != 32 for leaf in leaves):
        raise FileRefused(path.name)
    return leaves


def read_decisions(path: Path) -> list[NamedNote]:
    """Read the decisions of a folder (`*.note` but no list) or of one file. Raises: FileRefused, OSError."""
    files = (
        sorted(each for each in path.glob("*.note") if each.name not in (LIST_FILE, DELTA_FILE))
        if path.is_dir()
        else [path]
    )
    return [note for file in files for note in split_decisions(file.name, read_text(file))]


def split_decisions(source: str, text: str) -> list[NamedNote]:
    """Split a text at each first line of a decision; what is none is kept, to be refused for it."""
    lines = text.splitlines(keepends=True)
    starts = [at for at, line in enumerate(lines) if line == f"{FIRST_LINE}\n"]
    if not starts or starts[0]:
        starts.insert(0, 0)
    ends = [*starts[1:], len(lines)]
    return [
        NamedNote(f"{source}:{start + 1}", "".join(lines[start:end]).rstrip("\n") + "\n")
        for start, end in zip(starts, ends, strict=True)
    ]


def read_withdrawals(path: Path, annex: Annex) -> list[Withdrawal]:
    """Read a folder's withdrawals (`*.note`). Raises: BadSignature, MalformedBytes, FileRefused."""
    require_withdrawals(path)
    return [load_withdrawal(read_text(file), annex) for file in sorted(path.glob("*.note"))]


def require_withdrawals(path: Path) -> None:
    """Raise FileRefused unless the folder is there.

    An absent one is no empty one: what courts withdrew would stand on the next list again.
    """
    if not path.is_dir():
        raise FileRefused(path.name)


def read_text(path: Path) -> str:
    """Read a file of text. Raises: FileRefused, OSError."""
    if path.stat().st_size > MAX_FILE_BYTES:
        raise FileRefused(path.name)
    try:
        return path.read_bytes().decode("utf-8")
    except UnicodeDecodeError:
        raise FileRefused(path.name) from None
