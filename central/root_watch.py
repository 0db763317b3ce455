"""A root file that changes while central runs: the new one is taken up, or refused and the old one stays in force."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from time import monotonic

import structlog

from central.errors import KeyMismatch, NotAllowedHere
from central.keys import load_held
from central.parts import Parts, check_root, list_named_keys, remember_named_keys, require_held
from central.settings import CentralSettings
from central.store import StoreError
from records.errors import KeyFileRefused, RootRefused
from records.root import RootFile

LOOK_INTERVAL_S = 1.0
# A refused file may become right without a change: one that is not yet valid.
AGAIN_INTERVAL_S = 60.0

_Stamp = tuple[int, ...]  # empty for a file that is not there


class RootWatch:
    """Gives central's parts with the root file that is in force now."""

    def __init__(self, settings: CentralSettings, parts: Parts, *, tick: Callable[[], float] = monotonic) -> None:
        self._settings, self._parts, self._tick = settings, parts, tick
        self._turn = threading.Lock()
        self._looked_at = tick()
        # Not the file's own stamp: it may have changed since `parts` were opened.
        self._seen: _Stamp | None = None
        self._refused = ""  # what was last said in the log, which says it once
        self._refused_at = tick()

    def find_parts(self, now: datetime) -> Parts:
        """Return the parts, after a look at the file unless it was looked at less than a second ago. `now` is aware."""
        tick = self._tick()
        if tick - self._looked_at >= LOOK_INTERVAL_S and self._turn.acquire(blocking=False):
            try:
                self._looked_at = tick
                self._look(now)
            finally:
                self._turn.release()
        return self._parts.at(now)

    def _look(self, now: datetime) -> None:
        stamp = _read_stamp(self._settings.root)
        waits = self._refused and self._tick() - self._refused_at >= AGAIN_INTERVAL_S
        if stamp == self._seen and not waits:
            return
        try:
            note = self._settings.root.read_text(encoding="utf-8")
            if note != self._parts.root_note:
                self._take_up(note, now)
            self._seen, self._refused = stamp, ""
        except (RootRefused, NotAllowedHere, KeyMismatch, KeyFileRefused, OSError, UnicodeDecodeError) as error:
            self._refuse(error, stamp)
        except StoreError as error:  # tried again at the next look
            structlog.get_logger().error("new root file not taken up yet", error=type(error).__name__)

    def _take_up(self, note: str, now: datetime) -> None:
        root = check_root(self._settings, note, now)
        _check_successor(self._parts.root, root)
        held = load_held(self._settings)  # the next key may have been made since
        require_held(held, root)
        parts = replace(self._parts, root_note=note, root=root, named_keys=list_named_keys(root), held_keys=held)
        # Before the first terminal can seal to them.
        remember_named_keys(parts, now)
        self._parts = parts
        structlog.get_logger().info("new root file in force", digest=root.digest)

    def _refuse(self, error: Exception, stamp: _Stamp) -> None:
        self._seen, self._refused_at = stamp, self._tick()
        said = f"{type(error).__name__} {getattr(error, 'field', '')} {stamp}"
        if said != self._refused:
            self._refused = said
            structlog.get_logger().error(
                "root file refused, the one before stays in force",
                error=type(error).__name__, field=getattr(error, "field", ""), in_force=self._parts.root.digest,
            )  # fmt: skip


def _read_stamp(path: Path) -> _Stamp:
    try:
        status = path.stat()
    except OSError:
        return ()
    return status.st_mtime_ns, status.st_size, status.st_ino


def _check_successor(old: RootFile, new: RootFile) -> None:
    """Raise RootRefused unless one root file may follow the other without a restart."""
    if (new.jurisdiction, new.kind) != (old.jurisdiction, old.kind):
        raise RootRefused("jurisdiction")
    if new.valid_from < old.valid_from:
        raise RootRefused("valid-from")  # an old one put back
