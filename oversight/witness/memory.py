"""What a witness remembers: of each log the latest checkpoint it cosigned. No personal data: sizes and hashes.

Beside it stands what its own people ask: when it last saw the log, and what the log signed that did not fit. Two
signed checkpoints that exclude each other are the proof of a fork, whoever brought them, and are never forgotten.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from oversight.errors import FileRefused
from records.checkpoint import Checkpoint
from records.errors import MalformedBytes
from records.tree import EMPTY_ROOT

_COSIGNED, _REFUSED, _FORK = ".cosigned", ".refused", ".fork"


@dataclass(frozen=True, slots=True)
class Seen:
    """What a witness saw of one log: signed notes, "" where there is none."""

    cosigned: str = ""  # the latest that it cosigned, with its lines
    refused: str = ""  # one since then that did not continue it
    fork: str = ""  # of a size that it had cosigned with another root


class WitnessMemory:
    """One file for each log. One process may have it open (`service.server` starts one)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Compare and store as one step: two requests at once could otherwise roll a log back."""
        with self._lock:
            yield

    def load(self, origin: str) -> Checkpoint:
        """Return the latest checkpoint of a log, of size 0 where there is none. Raises: FileRefused, OSError."""
        path = self._path(origin)
        try:
            return Checkpoint.from_text(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return Checkpoint(origin, 0, EMPTY_ROOT)
        except (MalformedBytes, UnicodeDecodeError):
            # Nobody cosigns from a blank sheet because a file was damaged.
            raise FileRefused(path.name) from None

    def store(self, checkpoint: Checkpoint, cosigned: str = "") -> None:
        """Remember a checkpoint; it is on the disk when this returns. `cosigned` is its note with our lines below.

        Raises: OSError.
        """
        self._write(self._path(checkpoint.log), checkpoint.to_text())
        if cosigned:
            self._write(self._path(checkpoint.log).with_suffix(_COSIGNED), cosigned)

    def keep_refused(self, origin: str, note: str, *, is_fork: bool) -> None:
        """Keep a signed checkpoint that does not fit what is remembered. The first proof of a fork stays for good.

        Raises: OSError.
        """
        path = self._path(origin)
        if not is_fork:
            self._write(path.with_suffix(_REFUSED), note)
        elif not path.with_suffix(_FORK).exists():
            self._write(path.with_suffix(_FORK), note)

    def list_seen(self, origin: str) -> Seen:
        """Return what was seen of a log. Raises: FileRefused, OSError."""
        path = self._path(origin)
        cosigned, refused, fork = (_read(path.with_suffix(each)) for each in (_COSIGNED, _REFUSED, _FORK))
        is_open = bool(refused) and _is_newer(path.with_suffix(_REFUSED), path.with_suffix(_COSIGNED))
        return Seen(cosigned, refused if is_open else "", fork)

    def _write(self, path: Path, text: str) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = path.with_name(path.name + ".new")
        with fresh.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.rename(fresh, path)
        descriptor = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _path(self, origin: str) -> Path:
        return self._folder / f"{hashlib.sha256(origin.encode()).hexdigest()}.checkpoint"


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError:
        raise FileRefused(path.name) from None


def _is_newer(path: Path, than: Path) -> bool:
    return not than.exists() or path.stat().st_mtime_ns >= than.stat().st_mtime_ns
