"""Counting the records that are received, of all terminals together: in memory, written every few seconds.

Counted where each record is committed, every commit of every process would wait for one and the same row. What is
lost with a process is a few seconds of a figure for administrators, and no record.
"""

from __future__ import annotations

import threading
from collections import Counter
from datetime import datetime

from central.store import Store
from central.store.fleet import SLOT_S
from central.store.totals import add_received


class ReceivedTally:
    """The records one process has received and not counted in the database yet. Methods may be called from any thread.

    It knows no terminal and no house.
    """

    def __init__(self, store: Store) -> None:
        self._store, self._lock = store, threading.Lock()
        self._counts: Counter[int] = Counter()

    def add(self, records: int, now: datetime) -> None:
        """Count records that were received and kept. `now` is aware."""
        if records:
            with self._lock:
                self._counts[int(now.timestamp()) // SLOT_S] += records

    def flush(self) -> int:
        """Write what was counted. Return how many records. Raises: StoreError; what was counted is lost then."""
        with self._lock:
            counts, self._counts = self._counts, Counter()
        if counts:
            with self._store.writing() as connection:
                add_received(connection, counts)
        return counts.total()
