"""Counting what is refused without a commit for each: in memory, written every few seconds."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import UTC, datetime

from central.keys import count_days
from central.store import Store
from central.store.deliveries import add_counts


class Tally:
    """Counts of one process on their way to the database. Every method may be called from any thread."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._counted: Counter[tuple[int, str]] = Counter()

    def add(self, name: str, now: datetime, count: int = 1) -> None:
        """Count something on the day of `now`, which is aware."""
        with self._lock:
            self._counted[count_days(now.astimezone(UTC).date()), name] += count

    def flush(self) -> None:
        """Write what was counted. Raises: StoreError; the counts are lost then."""
        with self._lock:
            counted, self._counted = self._counted, Counter()
        days: dict[int, dict[str, int]] = {}
        for (day, name), count in counted.items():
            days.setdefault(day, {})[name] = count
        if days:
            with self._store.writing() as connection:
                for day in sorted(days):
                    add_counts(connection, day, days[day])
