"""A rate limit for the whole process. It keeps no addresses: who asks is nobody's business here."""

from __future__ import annotations

import threading
from collections.abc import Callable


class TokenBucket:
    """Allows `rate_per_s` on average, and `capacity` at once. `monotonic` is a clock in seconds."""

    def __init__(self, *, rate_per_s: float, capacity: int, monotonic: Callable[[], float]) -> None:
        self._rate_per_s, self._capacity, self._monotonic = rate_per_s, capacity, monotonic
        self._tokens, self._filled_at_s = float(capacity), monotonic()
        self._lock = threading.Lock()

    def take(self) -> bool:
        """Take one token, or return False when there is none."""
        with self._lock:
            now_s = self._monotonic()
            self._tokens = min(self._capacity, self._tokens + (now_s - self._filled_at_s) * self._rate_per_s)
            self._filled_at_s = now_s
            if self._tokens < 1:
                return False
            self._tokens -= 1
            return True
