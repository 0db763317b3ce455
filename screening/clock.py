"""The two clocks of the office: the hour by the wall, and one that nobody can set."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime

_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Clock:
    """`now` (aware UTC) for what is dated, `monotonic` (s) for ages, which setting the clock back does not lengthen."""

    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    monotonic: Callable[[], float] = time.monotonic

    @property
    def day(self) -> int:
        """Days since 1970 (UTC)."""
        return (self.now().astimezone(UTC).date() - _EPOCH).days

    @property
    def hour(self) -> int:
        """Hours since 1970."""
        return int(self.now().timestamp()) // 3600
