"""Handing signed notices to their terminals, in the answers to their heartbeats."""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from central.notices import make_notice
from central.store import Store
from central.store.notices import NoticeRow, load_unread
from records.heartbeat import Heartbeat
from records.service_notice import sign_service_notice
from records.suite import SigningKey

READ_S = 5.0
# As many as a terminal keeps.
MOST_AT_ONCE = 5


@dataclass(slots=True)
class NoticePost:
    """What waits for terminals, as of a few seconds ago: not every heartbeat costs a look-up."""

    store: Store
    find_key: Callable[[], SigningKey]
    monotonic: Callable[[], float] = time.monotonic
    _unread: dict[bytes, list[NoticeRow]] = field(default_factory=dict)
    _until_s: float = float("-inf")
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def find(self, beat: Heartbeat, now: datetime) -> tuple[str, ...]:
        """Return the notices for whoever has signed a heartbeat, base64. `now` is aware. Raises: StoreError."""
        rows = self._load(int(now.timestamp())).get(beat.terminal, [])
        due = [row for row in rows if row.number > beat.notice_seen and row.expires_at > now.timestamp()]
        return tuple(self._sign(row) for row in due[:MOST_AT_ONCE])

    def _load(self, now_s: int) -> dict[bytes, list[NoticeRow]]:
        with self._lock:
            is_due = self.monotonic() >= self._until_s
            if is_due:
                self._until_s = self.monotonic() + READ_S
        if is_due:
            with self.store.reading() as connection:
                self._unread = load_unread(connection, now_s)
        return self._unread

    def _sign(self, row: NoticeRow) -> str:
        # The same row gives the same bytes, however often it is handed over.
        return base64.b64encode(sign_service_notice(make_notice(row), self.find_key()).data).decode()
