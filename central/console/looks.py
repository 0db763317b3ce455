"""The audit log of a page that refreshes itself: looking on is one look, not one every fifteen seconds."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from central.audit import Look
from service.audit import Audit

ONE_LOOK_LASTS = timedelta(minutes=10)
_LOOKS = frozenset(Look)
_Entry = tuple[str, str, str]


class LooksOnce:
    """An audit log that takes a look as one with the same person's earlier look at the same thing.

    Everything else is written as it is. At the latest after ten minutes a look is written again, so that
    the log tells for how long somebody looked on.
    """

    def __init__(self, audit: Audit, clock: Callable[[], datetime]) -> None:
        self._audit, self._clock = audit, clock
        self._lock = threading.Lock()
        self._written: dict[_Entry, datetime] = {}

    def write(self, actor: str, act: str, subject: str = "") -> None:
        """Commit an entry unless it stands there already. Raises: AuditUnavailable."""
        entry = (actor, act, subject)
        if act not in _LOOKS:
            self._audit.write(*entry)
            return
        now = self._clock()
        with self._lock:
            # Also not what lies in the future: a clock that was ahead must not hide looks until then.
            self._written = {
                each: at for each, at in self._written.items() if timedelta(0) <= now - at < ONE_LOOK_LASTS
            }
            if entry in self._written:
                return
        self._audit.write(*entry)
        # Only now: what could not be written must not count as written.
        with self._lock:
            self._written[entry] = now
