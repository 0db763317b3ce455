"""Runs a program under the recorder (recorder.c) and reads back what it did to its folder."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

SOURCE = Path(__file__).with_name("recorder.c")
_HEAD = struct.Struct("<IIQQ")


class Op(IntEnum):
    """What happened; the numbers are recorder.c's."""

    CREATE = 1
    WRITE = 2
    TRUNCATE = 3
    SYNC = 4
    SYNC_FOLDER = 5
    RENAME = 6
    LINK = 7
    UNLINK = 8
    SHOWN = 9


@dataclass(frozen=True, slots=True)
class Entry:
    """One act. `inode` and `offset` where the act has them; names are relative to the folder."""

    op: Op
    inode: int
    offset: int
    data: bytes


def find_compiler() -> str | None:
    """Return the C compiler of this machine."""
    return shutil.which("gcc") or shutil.which("cc")


def build_recorder(compiler: str, folder: Path) -> Path:
    """Compile the recorder into `folder`. Return the library."""
    library = folder / "recorder.so"
    arguments = ["-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", str(library), str(SOURCE), "-ldl", "-lpthread"]
    subprocess.run([compiler, *arguments], check=True)
    return library


def record_program(
    library: Path, arguments: Sequence[str], *, watched: Path, trace: Path, environment: Mapping[str, str]
) -> None:
    """Run a program to its end; what it does is appended to `trace`."""
    told = {"LD_PRELOAD": str(library), "KJT_RECORD_FOLDER": str(watched), "KJT_RECORD_TO": str(trace)}
    subprocess.run(arguments, env=os.environ | environment | told, stdout=subprocess.DEVNULL, check=True, timeout=600)


def read_trace(trace: Path) -> Iterator[Entry]:
    """Yield what was recorded."""
    data, at = trace.read_bytes(), 0
    while at < len(data):
        op, length, inode, offset = _HEAD.unpack_from(data, at)
        at += _HEAD.size
        yield Entry(Op(op), inode, offset, data[at : at + length])
        at += length
