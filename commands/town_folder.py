"""The folder of a demonstration town: whose it is, that only one town runs in it, and how it is thrown away."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

_MARK = "town.json"
_LOCK = "town.lock"
_KIND = "kuaijietong town"
# Everything a town puts into its folder; throwing it away touches nothing else.
_OURS = (
    "town.json*", "town.lock", "root.note*", "root.pub*", "log-ins.json*", "*.toml", "logs", "central", "comparison",
    "court", "office", "oversight", "page", "reader*", "terminal*", "service.ready",
)  # fmt: skip
# The path of a unix socket has at most 107 bytes, and the longest of ours ends like this.
_MAX_PATH_BYTES = 107 - len("/comparison/desk/control.sock")


MAX_COUNTERS = 5
FRESH = 9  # the number of the counter that nobody has set up yet
DEFAULT_FOLDER = Path(__file__).resolve().parent.parent / "data"


class FolderRefused(Exception):
    """This folder cannot hold a town."""


@contextmanager
def claim_folder(folder: Path, *, fresh: bool) -> Iterator[None]:
    """Make the folder if need be, and hold it for this process; with `fresh` an earlier town in it is thrown away.

    Raises: FolderRefused with a sentence that says what to do.
    """
    if len(os.fsencode(folder)) > _MAX_PATH_BYTES:
        raise FolderRefused(f"The folder's path is too long for the reader's socket; at most {_MAX_PATH_BYTES} bytes.")
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if any(folder.iterdir()):
            read_mark(folder)
        lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise FolderRefused(f"{error.filename or folder}: {error.strerror}. Name another folder with --data.") from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if fresh:
            _throw_away(folder)
        yield
    except BlockingIOError:
        raise FolderRefused("A town is already running on this folder. End it first, or name another one.") from None
    finally:
        os.close(lock)


def find_reader_control(folder: Path, number: int) -> Path:
    """Return the control socket of a counter's simulated reader in a town's folder; counters count from 1."""
    names = {1: "reader", FRESH: "reader-fresh"}
    return folder / names.get(number, f"reader-{number}") / "control.sock"


def read_mark(folder: Path) -> dict[str, Any]:
    """Return what the town wrote about itself, {} before it did. Raises: FolderRefused for anybody else's folder."""
    try:
        mark = json.loads((folder / _MARK).read_text(encoding="utf-8"))
    except FileNotFoundError:
        mark = None
    except ValueError:
        raise FolderRefused(f"{_MARK} in it is damaged. Name another folder with --data.") from None
    if isinstance(mark, dict) and mark.get("kind") == _KIND:
        return mark
    if mark is None and {path.name for path in folder.iterdir()} <= {_LOCK}:
        return {}
    raise FolderRefused("It holds something else. Name an empty or a new folder with --data.")


def write_mark(folder: Path, facts: dict[str, Any]) -> None:
    """Write what the next start must know."""
    write_whole(folder / _MARK, json.dumps({"kind": _KIND, **facts}))


def read_ports(path: Path) -> dict[str, int]:
    """Return the ports of the last start, {} before the first. Raises: FolderRefused."""
    try:
        ports: dict[str, int] = msgspec.json.decode(path.read_bytes(), type=dict[str, int])
    except FileNotFoundError:
        return {}
    except msgspec.MsgspecError:
        raise FolderRefused(f"{path.name} in it is damaged. Name another folder with --data.") from None
    return ports


def write_ports(path: Path, ports: dict[str, int]) -> None:
    """Write the ports for the next start."""
    write_whole(path, json.dumps(ports))


def write_whole(path: Path, text: str) -> None:
    """Write a file that is there whole or not at all."""
    temporary = path.with_name(path.name + ".new")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)


def _throw_away(folder: Path) -> None:
    for pattern in _OURS:
        for path in folder.glob(pattern):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            elif path.name != _LOCK:
                path.unlink()
