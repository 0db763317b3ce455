"""Time at the terminal: the wall clock, and the time since the machine started, which nobody can set."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
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


def live_in_zone(zone: tzinfo | None) -> None:
    """Let this whole process count days and hours as the venue does, wherever its machine was set up.

    None leaves the machine's own zone. For a process that is one counter; the zone belongs to the process.
    """
    if zone is None:
        return
    offset = zone.utcoffset(None)
    os.environ["TZ"] = str(zone) if offset is None else _write_posix(round(offset.total_seconds()))
    time.tzset()


def _write_posix(offset_s: int) -> str:
    """Return an offset in the form of POSIX, whose sign says what to add to reach UTC."""
    hours, minutes = divmod(abs(offset_s) // 60, 60)
    name, sign = ("+", "-") if offset_s >= 0 else ("-", "+")
    return f"<{name}{hours:02}{minutes:02}>{sign}{hours:02}:{minutes:02}"
