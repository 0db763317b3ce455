"""The root file in force at a terminal: a later one is fetched when central names it, verified and stored."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import structlog

from records.errors import RecordsError, RootRefused
from records.profile import VenueKind
from records.root import RootFile
from records.suite import Verifier
from terminal.clock import Clock
from terminal.errors import TerminalError
from terminal.jurisdiction import Jurisdiction, load_jurisdiction
from terminal.keys import sync_folder
from terminal.link import Link

ROOT_FILE = "root.note"
# After so long a root file that was refused is looked at again: it may have become valid meanwhile.
RETRY_S = 600.0


class RootWatch:
    """Follows central's root file. Used by the uploader's thread alone, except for `current`."""

    def __init__(
        self,
        current: Jurisdiction,
        path: Path,
        verifier: str,
        venue_kind: VenueKind,
        link: Link,
        clock: Clock,
        *,
        on_change: Callable[[Jurisdiction], None],
    ) -> None:
        self._current, self._path, self._verifier, self._venue_kind = current, path, verifier, venue_kind
        self._link, self._clock, self._on_change = link, clock, on_change
        self._tried: tuple[str, float] | None = None

    @property
    def receipt_key(self) -> Verifier:
        """The keys that receipts are verified with, of which one must have signed."""
        return self._current.root.list_receipt_keys(self._clock.now())

    @property
    def root(self) -> RootFile:
        """The root file in force."""
        return self._current.root

    def follow(self, digest: str) -> None:
        """Take central's root file where its digest is another than ours. A bad one changes nothing.

        The digest is a hint that nobody signed: at most it costs a request, and the same one only every ten minutes.
        """
        if digest in ("", self._current.root.digest) or not self._is_due(digest):
            return
        self._tried = digest, self._clock.stamp().boottime_s
        try:
            note = self._link.fetch_root()
            found = load_later_jurisdiction(self._current, note, self._verifier, self._venue_kind, self._clock.now())
            store_root(self._path, note)
        except (RecordsError, TerminalError, OSError) as error:
            structlog.get_logger().warning("root file not taken", error=type(error).__name__)
            return
        self._current = found
        structlog.get_logger().info("root file taken", valid_from=found.root.valid_from.isoformat())
        self._on_change(found)

    def _is_due(self, digest: str) -> bool:
        if self._tried is None or self._tried[0] != digest:
            return True
        return self._clock.stamp().boottime_s - self._tried[1] >= RETRY_S


def load_later_jurisdiction(
    current: Jurisdiction, note: str, verifier: str, venue_kind: VenueKind, now: datetime
) -> Jurisdiction:
    """Verify a root file that is to follow the one in force.

    Raises: RootRefused naming what is wrong, also for another kind or jurisdiction, and for an earlier beginning.
    """
    found = load_jurisdiction(note, verifier, venue_kind, now)
    if found.root.kind is not current.root.kind:
        raise RootRefused("kind")
    if found.root.jurisdiction != current.root.jurisdiction:
        raise RootRefused("jurisdiction")
    if found.root.valid_from < current.root.valid_from:
        raise RootRefused("valid-from")
    return found


def choose_jurisdiction(
    installed: Jurisdiction, path: Path, verifier: str, venue_kind: VenueKind, now: datetime
) -> Jurisdiction:
    """Return the later of the installed root file and the one stored at `path`; a stored one that is bad is left."""
    with suppress(RecordsError, OSError, UnicodeDecodeError):
        note = path.read_text(encoding="utf-8")
        return load_later_jurisdiction(installed, note, verifier, venue_kind, now)
    return installed


def store_root(path: Path, note: str) -> None:
    """Put a root file in place of the stored one, whole or not at all. Raises: OSError."""
    fresh = path.with_suffix(".new")
    with fresh.open("w", encoding="utf-8", newline="") as file:
        file.write(note)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    sync_folder(path.parent)
