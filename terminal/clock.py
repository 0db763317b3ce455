"""Time at the terminal: the wall clock, and the time since the machine started, which nobody can set."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class Clock:
    """Where time comes from; tests bring their own."""

    now: Callable[[], datetime]  # aware UTC
    boottime_s: Callable[[], float]  # seconds since the machine started, sleep included
    boot: str  # id of this start of the machine

    def stamp(self) -> Stamp:
        """Return this moment, for `measure_age`."""
        return Stamp(self.boot, self.boottime_s(), self.now().timestamp())


@dataclass(frozen=True, slots=True)
class Stamp:
    """A moment: the machine's start it belongs to, seconds since then, and the wall clock (Unix seconds)."""

    boot: str
    boottime_s: float
    wall_s: float


def read_machine_clock() -> Clock:
    """Return the clock of this machine."""
    try:
        boot = _BOOT_ID.read_text().strip()
    except OSError:
        boot = ""
    return Clock(lambda: datetime.now(UTC), lambda: time.clock_gettime(time.CLOCK_BOOTTIME), boot)


def measure_age_s(then: Stamp, now: Stamp) -> float:
    """Return the seconds from `then` to `now`, never negative.

    Within one start of the machine this is exact, whatever was done to the wall clock. Across a restart
    only the wall clock knows; where it went backwards the time is counted as zero.
    """
    if then.boot and then.boot == now.boot:
        return max(0.0, now.boottime_s - then.boottime_s)
    return max(0.0, now.wall_s - then.wall_s)
