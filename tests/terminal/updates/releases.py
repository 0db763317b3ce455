"""Releases for tests: small wheels, keys that guard nothing, and a log in a folder."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from records.notes import NoteSigner
from records.release import Release, SignedRelease, sign_release
from records.suite import SigningKey
from service.release_log import ReleaseLog
from tests.terminal.kit import make_bytes

RELEASER = NoteSigner("releases.test/release", SigningKey.from_bytes(make_bytes("releaser", 32)))
LOG_SIGNER = NoteSigner("releases.test/log", SigningKey.from_bytes(make_bytes("release log", 32)))
PACKAGES = hashlib.sha256(b"the lock file").hexdigest()


def make_wheel(files: Mapping[str, bytes]) -> bytes:
    """Return a wheel with these files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def make_release(version: str, wheel: bytes, *, packages: str = PACKAGES, store: int = 2) -> Release:
    """Return a release of a wheel."""
    return Release(version, date(2026, 11, 22), hashlib.sha256(wheel).hexdigest(), len(wheel), packages, store)


def publish(release: Release, folder: Path, signer: NoteSigner = RELEASER) -> SignedRelease:
    """Sign a release and write it into the log in `folder`."""
    note = sign_release(release, signer)
    proof = ReleaseLog(folder, LOG_SIGNER).append(note.rpartition("\n\n")[0] + "\n")
    return SignedRelease(note, proof.to_text())
