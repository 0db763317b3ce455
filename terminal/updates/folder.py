"""The folder of releases: one folder for each version, and a link to the one that runs.

    releases/0.2.0/      the wheel's files
    current              a link to releases/0.2.0; put before the installed program by PYTHONPATH
    trial.json           which version is being tried, and which have failed

Each change is a rename, synced before the next one: after a power cut at any moment one whole release runs.
"""

from __future__ import annotations

import io
import os
import shutil
import stat
import zipfile
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

import msgspec

from records.errors import MalformedBytes
from records.release import read_version
from terminal.errors import UpdateRefused
from terminal.keys import sync_folder

MAX_UNPACKED_BYTES = 128 * 1024 * 1024
MAX_FILES = 10_000
# What our wheel consists of; a wheel with anything else is not one of ours.
PACKAGES = frozenset({"records", "drivers", "terminal", "central", "oversight", "service", "commands"})


class Trial(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What must survive a power cut. `previous` is "" where the installed program ran before."""

    version: str = ""  # being tried; "" when none is
    previous: str = ""
    failed: tuple[str, ...] = ()  # did not start here; never tried again


class ReleaseFolder:
    """The releases on one machine."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._releases, self._current, self._trial = path / "releases", path / "current", path / "trial.json"

    def find_current(self) -> str:
        """Return the version that the link names, "" where there is none."""
        try:
            return PurePosixPath(os.readlink(self._current)).name
        except FileNotFoundError:
            return ""

    def stage(self, version: str, wheel: bytes) -> None:
        """Unpack a wheel beside the release that runs. Raises: UpdateRefused("wheel"), OSError."""
        read_version(version)
        target, fresh = self._releases / version, self._releases / f".new-{version}"
        self._releases.mkdir(parents=True, exist_ok=True)
        for old in (fresh, target):  # what an earlier attempt has left, perhaps in half
            shutil.rmtree(old, ignore_errors=True)
        try:
            _unpack(wheel, fresh)
            os.rename(fresh, target)
        except BaseException:
            shutil.rmtree(fresh, ignore_errors=True)
            raise
        sync_folder(self._releases)

    def switch(self, version: str) -> None:
        """Let the link name a staged version, or nothing for "". The next start runs it."""
        if not version:
            self._current.unlink(missing_ok=True)
        else:
            fresh = self._path / ".current"
            fresh.unlink(missing_ok=True)
            fresh.symlink_to(Path("releases") / version)
            os.rename(fresh, self._current)
        sync_folder(self._path)

    def load_trial(self) -> Trial:
        """Return what was kept of the trial; a damaged file is none."""
        try:
            return msgspec.json.decode(self._trial.read_bytes(), type=Trial)
        except (FileNotFoundError, msgspec.MsgspecError, ValueError):
            return Trial()

    def save_trial(self, trial: Trial) -> None:
        """Keep it; it is on the disk when this returns."""
        self._path.mkdir(parents=True, exist_ok=True)
        fresh = self._path / ".trial.json"
        _write_synced(fresh, msgspec.json.encode(trial))
        os.rename(fresh, self._trial)
        sync_folder(self._path)

    def discard_others(self, kept: Iterable[str]) -> None:
        """Delete every release that is not named."""
        names = set(kept)
        for path in self._releases.iterdir() if self._releases.exists() else ():
            if path.name not in names:
                shutil.rmtree(path, ignore_errors=True)


def _unpack(wheel: bytes, target: Path) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
            if len(entries) > MAX_FILES or sum(entry.file_size for entry in entries) > MAX_UNPACKED_BYTES:
                raise UpdateRefused("wheel")
            paths = [_check_name(entry) for entry in entries]
            if len(set(paths)) != len(paths):
                raise UpdateRefused("wheel")
            for entry, path in zip(entries, paths, strict=True):
                whole = target / path
                whole.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
                # A head may lie about the size: never more than it says.
                with archive.open(entry) as source:
                    _write_synced(whole, source.read(entry.file_size + 1)[: entry.file_size], mode=0o644)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, MalformedBytes):
        raise UpdateRefused("wheel") from None
    for folder in {path.parent for path in target.rglob("*")}:
        sync_folder(folder)


def _check_name(entry: zipfile.ZipInfo) -> PurePosixPath:
    """Return where a file belongs. Raises: UpdateRefused("wheel") for anything that is not a plain file of ours."""
    path = PurePosixPath(entry.filename)
    first = path.parts[0] if path.parts else ""
    is_ours = first in PACKAGES or (first.startswith("kuaijietong-") and first.endswith(".dist-info"))
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if (
        not is_ours
        or len(path.parts) < 2
        or ".." in path.parts
        or "\\" in entry.filename
        or kind not in (0, stat.S_IFREG)
    ):
        raise UpdateRefused("wheel")
    return path


def _write_synced(path: Path, data: bytes, mode: int = 0o600) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
