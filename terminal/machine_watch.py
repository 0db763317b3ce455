"""What the machine itself says that somebody must know: disk, clock, and the root file's last day."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from terminal.clock import Clock
from terminal.state import KeyDamage, MachineState
from terminal.store import SetAside

MIB = 1024 * 1024
# Some thousands of registrations; the day on which the disk is full must not be the first one heard of it.
NEARLY_FULL_MIB = 256
# As for a receipt: a clock that is further off shows wrong times on everything.
CLOCK_TOLERANCE_S = 120


class MachineWatch:
    """Looks at disk and clock whenever it is asked. Used from any thread."""

    def __init__(
        self,
        folder: Path,
        clock: Clock,
        *,
        find_offset_s: Callable[[], int | None],
        find_signed_time: Callable[[], datetime | None],
        find_root_end: Callable[[], datetime | None],
        set_aside: SetAside,
    ) -> None:
        self._folder, self._clock = folder, clock
        self._find_offset_s, self._find_signed_time = find_offset_s, find_signed_time
        self._find_root_end, self._set_aside = find_root_end, set_aside
        self._started_at = self._measure_start()
        self.scarce_below_mib = NEARLY_FULL_MIB  # central may set another

    def look(self) -> MachineState:
        """Return what is to be known now."""
        end = self._find_root_end()
        return MachineState(
            nearly_full_mib=self._find_scarce_mib(),
            clock_off_s=self._find_clock_fault(),
            clock_jump_s=self._find_jump(),
            root_ended_at=end if end is not None and end < self._clock.now() else None,
            set_aside_at=self._set_aside.find_unread(),
            key_damages=tuple(KeyDamage(loss, at) for loss, at in self._set_aside.list_unread_keys()),
        )

    def accept(self) -> None:
        """Take note that somebody has looked at the clock after it jumped, and read of a file that was set aside."""
        self._started_at = self._measure_start()
        self._set_aside.mark_read()

    def _measure_start(self) -> float:
        # Constant for as long as the machine runs, unless somebody sets its clock.
        return self._clock.now().timestamp() - self._clock.boottime_s()

    def _find_scarce_mib(self) -> int | None:
        try:
            free = shutil.disk_usage(self._folder).free // MIB
        except OSError:
            return None
        return free if free < self.scarce_below_mib else None

    def _find_clock_fault(self) -> int | None:
        """Return by how much the clock is off. Behind what central has signed it is wrong for certain."""
        signed = self._find_signed_time()
        behind = 0.0 if signed is None else self._clock.now().timestamp() - signed.timestamp()
        if behind < -CLOCK_TOLERANCE_S:
            return round(behind)
        offset = self._find_offset_s()
        return offset if offset is not None and abs(offset) > CLOCK_TOLERANCE_S else None

    def _find_jump(self) -> int:
        jump = round(self._measure_start() - self._started_at)
        return jump if abs(jump) > CLOCK_TOLERANCE_S else 0
