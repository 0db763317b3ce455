"""Small files of one JSON value a line, which two processes may add to: nothing is lost, and no line is half there."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import msgspec

from oversight.comparing.errors import RegisterDamaged
from oversight.keys import write_private

Line = TypeVar("Line", bound=msgspec.Struct)


def read_lines(path: Path, form: type[Line]) -> list[Line]:
    """Return the lines of a file, none where there is no file. Raises: RegisterDamaged naming the file, OSError."""
    if not path.exists():
        return []
    try:
        return [msgspec.json.decode(line, type=form) for line in path.read_bytes().splitlines()]
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise RegisterDamaged(path.name) from None


@contextmanager
def alone_with(path: Path) -> Iterator[None]:
    """Wait until no other process adds to this file: two at once would lose a line of one."""
    with path.with_name(f".{path.name}.lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def append_lines(path: Path, *lines: msgspec.Struct) -> None:
    """Add lines and sync them, all or none. Raises: OSError."""
    # A line cut in two by a power cut would make the file unreadable.
    before = path.read_bytes() if path.exists() else b""
    write_private(path, before + b"".join(msgspec.json.encode(line) + b"\n" for line in lines))
