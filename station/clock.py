"""The station's clock, which notices that it was set: by a forward leap nothing may be ended, and no key destroyed.

Beside the clock runs the machine's count of the seconds since it was started, which nobody can set. The time that is
certain to be reached (`sure`) is the last confirmed one plus what was counted since. Where the clock is ahead of it, it
is in doubt until it comes back, or is confirmed: by a permit that oversight's desk issued since (a person's act, signed
with its times), or by a supervisor. A machine that was off has not counted: after more than `SHORT_STOP` of that the
clock is in doubt likewise.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import structlog

from records.comparing.permits import Permit

# What clocks are put right by while a machine runs, and what a restart takes.
TOLERANCE = timedelta(minutes=2)
SHORT_STOP = timedelta(minutes=15)

log = structlog.get_logger()


class Kept(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the station knew for sure when it last wrote it down."""

    sure_s: float  # seconds since 1970
    counted_s: float  # since the machine was started
    start: str  # of the machine
    permit: int  # the highest number heard
    was_off: bool  # in doubt because the machine had been off


_UNREADABLE = Kept(0.0, 0.0, "", 0, was_off=True)
_END_OF_TIME_S = datetime.max.replace(tzinfo=UTC).timestamp()


@dataclass(frozen=True, slots=True)
class Counter:
    """The machine's own count of seconds."""

    read_s: Callable[[], float]
    start: str  # another one after each start of the machine; "" where that cannot be told


@dataclass(frozen=True, slots=True)
class Doubt:
    """How far the clock is ahead of what is sure."""

    shown: datetime
    sure: datetime


class StationClock:
    """Tells the time to all of the station, aware UTC. Any thread may use it."""

    def __init__(self, wall: Callable[[], datetime], counter: Counter, path: Path) -> None:
        self._wall, self._counter, self._path = wall, counter, path
        self._lock = threading.RLock()
        self._counted_s, self._was_off, self._permit = counter.read_s(), False, 0
        self._sure = wall()
        self._is_noticed = False
        kept = _read_kept(path)
        if kept is _UNREADABLE:
            log.error("clock_record_unreadable")
        if kept is not None:
            self._go_on_from(kept)

    def __call__(self) -> datetime:
        """Return what to go by: not a leap, but the clock as it is after a stop, of which nobody counted how long."""
        with self._lock:
            wall, sure = self._look()
            return wall if self._was_off else min(wall, sure)

    def sure(self) -> datetime:
        """Return a time that is certainly reached: whatever is due by it may be ended and destroyed."""
        with self._lock:
            return min(self._look())

    def find_doubt(self) -> Doubt | None:
        """Return how far the clock is ahead, None where it is not in doubt."""
        with self._lock:
            wall, sure = self._look()
            return Doubt(wall, sure) if wall > sure else None

    def find_span(self) -> tuple[datetime, datetime]:
        """Return the earliest and the latest time that it may be: one, unless the clock was set ahead or back."""
        with self._lock:
            wall, sure = self._look()
            return min(wall, sure), max(wall, sure)

    def read_wall(self) -> datetime:
        """Return what the machine's clock shows, right or not."""
        return self._wall()

    def confirm(self, shown: datetime) -> bool:
        """Take it that the clock is right; False where it shows something else by now than who confirms it saw."""
        with self._lock:
            wall, _ = self._look()
            if abs(wall - shown) > SHORT_STOP:
                return False
            self._anchor(wall)
            self._write()
        return True

    def hear(self, permit: Permit) -> None:
        """Take a verified permit as word of the time where it was issued after what is sure, and is in force."""
        with self._lock:
            wall, sure = self._look()
            is_later = permit.number > self._permit and permit.valid_from > sure + TOLERANCE
            if wall > sure and is_later and permit.is_in_force(wall):
                log.warning("clock_confirmed_by_permit", permit=permit.number)
                self._anchor(wall)
            if wall == self._sure:
                self._permit = max(self._permit, permit.number)

    def keep(self) -> None:
        """Write down what is sure, for after a restart. Raises: OSError."""
        with self._lock:
            wall, sure = self._look()
            kept = _read_kept(self._path)
            # One in doubt goes on from what is written by counting: it writes over no other one's confirmation.
            if wall <= sure or kept is None or kept.start != self._counter.start:
                self._write()

    def _write(self) -> None:
        kept = Kept(self._sure.timestamp(), self._counted_s, self._counter.start, self._permit, self._was_off)
        whole = self._path.with_name(f"{self._path.name}.{os.getpid()}")
        whole.write_bytes(msgspec.json.encode(kept))
        with whole.open("rb") as file:
            os.fsync(file.fileno())
        whole.replace(self._path)

    def _go_on_from(self, kept: Kept) -> None:
        self._permit = kept.permit
        self._sure = datetime.fromtimestamp(kept.sure_s, UTC)
        if kept.start and kept.start == self._counter.start:
            self._counted_s, self._was_off = kept.counted_s, kept.was_off
        else:
            self._was_off = True

    def _is_confirmed_beside(self, wall: datetime) -> bool:
        """Tell whether another process of this machine had its clock confirmed.

        Of two that go by two times one would take what the other wrote for long past, or for the future.
        """
        try:
            kept = _read_kept(self._path)
        except OSError:
            return False
        if kept is None or not kept.start or kept.start != self._counter.start or kept.was_off:
            return False
        return abs(wall.timestamp() - (kept.sure_s + self._counted_s - kept.counted_s)) <= TOLERANCE.total_seconds()

    def _look(self) -> tuple[datetime, datetime]:
        """Return what the clock shows, and what is sure; the same where they differ by no more than clocks do."""
        wall, counted_s = self._wall(), self._counter.read_s()
        self._sure += timedelta(seconds=counted_s - self._counted_s)
        self._counted_s = counted_s
        is_near = abs(wall - self._sure) <= (SHORT_STOP if self._was_off else TOLERANCE)
        if is_near or (wall > self._sure and self._is_confirmed_beside(wall)):
            self._anchor(wall)
        elif wall > self._sure and not self._is_noticed:
            self._is_noticed = True
            log.error("clock_in_doubt", ahead_s=int((wall - self._sure).total_seconds()), was_off=self._was_off)
        # Behind: it was put back. What was sure once stays the bound up to which it may come back unasked.
        return wall, self._sure

    def _anchor(self, wall: datetime) -> None:
        self._sure, self._was_off, self._is_noticed = wall, False, False


def read_counter() -> Counter:
    """Return this machine's counter, which goes on while it sleeps."""
    source = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    try:
        start = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        start = ""
    return Counter(lambda: time.clock_gettime(source), start)


def _read_kept(path: Path) -> Kept | None:
    try:
        kept = msgspec.json.decode(path.read_bytes(), type=Kept)
    except FileNotFoundError:
        return None
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return _UNREADABLE
    return kept if 0 <= kept.sure_s < _END_OF_TIME_S else _UNREADABLE
