"""What is wrong with a terminal, as its last heartbeat tells it, and from when on a person should look."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from central.fleet.states import LATE_AFTER_S, SILENT_AFTER_S, FleetState, SeenTerminal
from central.store.terminal_pages import Bounds
from records.heartbeat import ReaderCode


class Trouble(StrEnum):
    """One thing that is wrong with a terminal. The order is that of urgency."""

    NEVER_HEARD = "never_heard"
    SILENT = "silent"
    STUCK = "stuck"  # something waits although the terminal is heard
    READER_DOWN = "reader_down"
    CLOCK_OFF = "clock_off"
    DISK_FULL = "disk_full"


@dataclass(frozen=True, slots=True)
class TroubleLimits:
    """From when on something is a trouble."""

    stuck_after_s: int = 1800
    clock_off_by_s: int = 60
    few_free_mib: int = 1024


LIMITS = TroubleLimits()


def make_bounds(now: datetime, limits: TroubleLimits = LIMITS) -> Bounds:
    """Return what the database needs to tell states and troubles apart as `find_troubles` does. `now` is aware."""
    now_s = math.ceil(now.timestamp())
    return Bounds(
        now_s - LATE_AFTER_S, now_s - SILENT_AFTER_S, limits.stuck_after_s, limits.clock_off_by_s, limits.few_free_mib
    )


def find_troubles(seen: SeenTerminal, limits: TroubleLimits = LIMITS) -> tuple[Trouble, ...]:
    """Return what is wrong with a terminal, the most urgent first; of one that is suspended or revoked nothing.

    What a silent terminal said before it fell silent is not repeated.
    """
    if seen.state in (FleetState.SUSPENDED, FleetState.REVOKED, FleetState.REPLACED):
        return ()
    if seen.last_seen_at is None:
        return (Trouble.NEVER_HEARD,)
    if seen.state is FleetState.SILENT:
        return (Trouble.SILENT,)
    is_wrong = {
        Trouble.STUCK: (seen.oldest_s or 0) >= limits.stuck_after_s,
        Trouble.READER_DOWN: seen.reader is ReaderCode.DOWN,
        Trouble.CLOCK_OFF: abs(seen.clock_offset_s or 0) >= limits.clock_off_by_s,
        Trouble.DISK_FULL: (seen.free_disk_mib or 0) < limits.few_free_mib,
    }
    return tuple(each for each, wrong in is_wrong.items() if wrong)
