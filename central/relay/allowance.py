"""How often a terminal may ask the desk. Numbers are tried out by asking: few at once, and few in an hour."""

from __future__ import annotations

import time
from collections.abc import Callable

_HOUR_S = 3600.0
MAX_TERMINALS = 50_000


class Allowance:
    """A bucket for each terminal, in memory."""

    def __init__(self, at_once: int, per_hour: int, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._at_once, self._per_s, self._monotonic = float(at_once), per_hour / _HOUR_S, monotonic
        self._left: dict[bytes, tuple[float, float]] = {}  # terminal -> (how many were left, when)

    def spend(self, terminal: bytes) -> bool:
        """Take one; False where none is left."""
        now_s = self._monotonic()
        left, at_s = self._left.get(terminal, (self._at_once, now_s))
        left = min(self._at_once, left + (now_s - at_s) * self._per_s)
        if left < 1.0:
            return False
        if len(self._left) >= MAX_TERMINALS:
            self._drop_full(now_s)
        self._left[terminal] = (left - 1.0, now_s)
        return True

    def _drop_full(self, now_s: float) -> None:
        """Forget those who have everything again: a forgotten one begins with everything."""
        for terminal, (left, at_s) in list(self._left.items()):
            if left + (now_s - at_s) * self._per_s >= self._at_once:
                del self._left[terminal]
