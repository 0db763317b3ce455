"""What a witness remembers: of each log the latest checkpoint it cosigned. No personal data: sizes and hashes."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from oversight.errors import FileRefused
from records.checkpoint import Checkpoint
from records.errors import MalformedBytes
from records.tree import EMPTY_ROOT


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

    def store(self, checkpoint: Checkpoint) -> None:
        """Remember a checkpoint; it is on the disk when this returns. Raises: OSError."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._path(checkpoint.origin)
        fresh = path.with_suffix(".new")
        with fresh.open("w", encoding="utf-8") as file:
            file.write(checkpoint.to_text())
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
