"""A disk that can be filled to the last byte, and emptied again: a tmpfs of a few megabytes, which needs root."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


class NotMounted(Exception):
    """This user may not mount a file system here."""


@dataclass(frozen=True, slots=True)
class SmallDisk:
    """A mounted disk. What fills it is a file of its own."""

    folder: Path

    def fill(self, *, leave: int = 0) -> None:
        """Leave so many bytes free."""
        descriptor = os.open(self._filler, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            for size in (65536, 4096, 1):
                self._write_until_full(descriptor, size)
            if leave:
                os.ftruncate(descriptor, max(0, os.fstat(descriptor).st_size - leave))
        finally:
            os.close(descriptor)

    def make_room(self) -> None:
        """Delete what fills it."""
        self._filler.unlink()

    @property
    def _filler(self) -> Path:
        return self.folder / "filler"

    def _write_until_full(self, descriptor: int, size: int) -> None:
        while True:
            try:
                if os.write(descriptor, bytes(size)) < size:
                    return
            except OSError as error:
                if error.errno == errno.ENOSPC:
                    return
                raise


@contextmanager
def mount_small_disk(folder: Path, *, mebibytes: int) -> Iterator[SmallDisk]:
    """Mount a disk of this size. Raises: NotMounted."""
    folder.mkdir(parents=True, exist_ok=True)
    options = f"size={mebibytes}m,mode=0777"
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise NotMounted(done.stderr)
    try:
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
