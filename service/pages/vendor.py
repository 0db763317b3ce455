"""Brings the libraries of the pages here, in pinned versions: `python -m service.pages.vendor` (needs npm).

npm fetches each package from the registry it is set up for; the integrity below must be that of the whole
package. The chosen files are committed as they are, with licence and digests; a test compares them.
"""

from __future__ import annotations

import base64
import hashlib
import io
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

VENDOR = Path(__file__).parent / "static" / "vendor"
SUMS = "SHA256SUMS"
ICONS = (
    "alert-triangle", "building", "chart-bar", "check", "chevron-right", "device-desktop", "device-mobile", "home",
    "info-circle", "key", "language", "list-details", "lock", "logout", "map-2", "package", "shield-lock", "user",
    "users",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Package:
    """One package of npm, and which of its files are taken under which names."""

    name: str
    version: str
    integrity: str
    files: dict[str, str]


class PackageRefused(Exception):
    """The package is not the one that was pinned."""


PACKAGES = (
    Package(
        "@tabler/core", "1.6.1",
        "sha512-lgmR9gcxRp5JlLxcmRi9Rz85JrEvH6Bz71KnlcPVSa97wtwQNjgSs3g3fxwbAlulHyRMghhIV04QUuW3pqDsIg==",
        {"dist/css/tabler.min.css": "tabler.min.css"},
    ),
    Package(
        "htmx.org", "2.0.11",
        "sha512-Thx/WtpeOQqSrqBCw/A1cwGJGg4UrVa3+sW0GmrM3p4gJgO89ecH4qtbnyzDDWFvBTqjnIMCgELTNt636dtamA==",
        {"dist/htmx.min.js": "htmx.min.js", "LICENSE": "htmx.LICENSE"},
    ),
    Package(
        "uplot", "1.6.32",
        "sha512-KIMVnG68zvu5XXUbC4LQEPnhwOxBuLyW1AHtpm6IKTXImkbLgkMy+jabjLgSLMasNuGGzQm/ep3tOkyTxpiQIw==",
        {"dist/uPlot.iife.min.js": "uPlot.min.js", "dist/uPlot.min.css": "uPlot.min.css", "LICENSE": "uPlot.LICENSE"},
    ),
    Package(
        "@tabler/icons", "3.51.0",
        "sha512-0pinvPZz7YeX+OSfxuEAbnEPWbocVXW5iU8h5lh41pYG8sZuQfpWECC980lxOT0clGIcNGn8xsBr+zKaRGdA/g==",
        # The same licence and author; the package of the style sheet names MIT in its first lines and brings no text.
        {"LICENSE": "tabler.LICENSE"} | {f"icons/outline/{name}.svg": f"icons/{name}.svg" for name in ICONS},
    ),
)  # fmt: skip


def fetch_package(package: Package, folder: Path) -> bytes:
    """Return the package's archive. Raises: PackageRefused, CalledProcessError."""
    command = ["npm", "pack", "--silent", f"{package.name}@{package.version}", "--pack-destination", str(folder)]
    subprocess.run(command, check=True, capture_output=True, cwd=folder)
    (archive,) = folder.glob("*.tgz")
    data = archive.read_bytes()
    archive.unlink()
    check_integrity(package, data)
    return data


def check_integrity(package: Package, data: bytes) -> None:
    """Raise PackageRefused unless an archive is the one that was pinned."""
    if f"sha512-{base64.b64encode(hashlib.sha512(data).digest()).decode()}" != package.integrity:
        raise PackageRefused(package.name)


def unpack(package: Package, data: bytes) -> dict[str, bytes]:
    """Return the chosen files of an archive by the names they get here."""
    taken: dict[str, bytes] = {}
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        for source, name in package.files.items():
            member = f"package/{source}"
            file = archive.extractfile(member) if member in archive.getnames() else None
            if file is None:
                raise PackageRefused(f"{package.name}: {source}")
            taken[name] = file.read()
    return taken


def compute_sums(folder: Path) -> str:
    """Return the lines of SHA256SUMS, in the form of sha256sum(1), from the files as they are."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != SUMS)
    return "".join(
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(folder).as_posix()}\n" for path in files
    )


def write_all() -> None:
    """Fetch every package and write its files. Raises: PackageRefused, CalledProcessError."""
    with tempfile.TemporaryDirectory() as folder:
        taken: dict[str, bytes] = {}
        for package in PACKAGES:
            taken |= unpack(package, fetch_package(package, Path(folder)))
    for path in [each for each in VENDOR.rglob("*") if each.is_file()]:
        path.unlink()
    for name, content in taken.items():
        path = VENDOR / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    (VENDOR / SUMS).write_text(compute_sums(VENDOR), "utf-8")


if __name__ == "__main__":
    write_all()
