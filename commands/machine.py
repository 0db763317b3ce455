"""What `kjt check` asks the machine it runs on. Everything here may answer None: it cannot be known."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

_SYSTEMCTL_TIMEOUT_S = 10
_UNSYNCHRONISED = 0x40  # STA_UNSYNC of adjtimex(2)
_TIMEX_BYTES, _STATUS_OFFSET = 256, 40


@dataclass(frozen=True, slots=True)
class UnitLimits:
    """What the service manager grants a running unit."""

    dumps_core: bool
    may_swap: bool


class Machine(Protocol):
    """The machine under an installation."""

    def is_clock_synchronised(self) -> bool | None:
        """Tell whether something keeps the clock right; None where it cannot be known."""

    def count_free_bytes(self, folder: Path) -> int:
        """Return the free space of a folder's file system. Raises: OSError."""

    def read_limits(self, unit: str) -> UnitLimits | None:
        """Return the limits of a running unit; None where it does not run, or there is no service manager."""


class ThisMachine:
    """This machine: the kernel's clock state, statvfs, systemd."""

    def is_clock_synchronised(self) -> bool | None:
        """Ask the kernel, which chrony, ntpd and systemd-timesyncd all tell; None where it does not say."""
        if ctypes.sizeof(ctypes.c_long) != 8:
            return None
        state = ctypes.create_string_buffer(_TIMEX_BYTES)  # modes 0: read only
        try:
            if ctypes.CDLL(None, use_errno=True).adjtimex(state) < 0:
                return None
        except (OSError, AttributeError):
            return None
        status = int.from_bytes(state.raw[_STATUS_OFFSET : _STATUS_OFFSET + 4], "little")
        return not status & _UNSYNCHRONISED

    def count_free_bytes(self, folder: Path) -> int:
        """Return what is free for this user. Raises: OSError."""
        return shutil.disk_usage(folder).free

    def read_limits(self, unit: str) -> UnitLimits | None:
        """Ask systemd."""
        if not os.path.isdir("/run/systemd/system"):
            return None
        try:
            done = subprocess.run(
                ["systemctl", "show", "-p", "ActiveState", "-p", "LimitCORE", "-p", "MemorySwapMax", unit],
                capture_output=True, text=True, timeout=_SYSTEMCTL_TIMEOUT_S, check=False,
            )  # fmt: skip
        except (OSError, subprocess.TimeoutExpired):
            return None
        return parse_limits(done.stdout)


def parse_limits(text: str) -> UnitLimits | None:
    """Read what `systemctl show` printed; None for a unit that does not run."""
    found = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    if found.get("ActiveState") != "active":
        return None
    return UnitLimits(dumps_core=found.get("LimitCORE") != "0", may_swap=found.get("MemorySwapMax") != "0")
