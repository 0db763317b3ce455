"""Which version of the program runs, and the headers by which whoever updates it is told."""

from __future__ import annotations

from importlib import metadata

VERSION_HEADER = "Kuaijietong-Version"
IDLE_HEADER = "Kuaijietong-Idle"  # "no" while somebody waits for a room


def find_version() -> str:
    """Return the version of the program that runs; "unknown" in a bare checkout."""
    try:
        return metadata.version("kuaijietong")
    except metadata.PackageNotFoundError:
        return "unknown"
