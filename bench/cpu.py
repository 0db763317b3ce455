"""CPU time of running processes: on a shared machine it says more than the clock on the wall."""

from __future__ import annotations

import os
from pathlib import Path

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def read_cpu_s(root: int) -> float:
    """Return the CPU seconds, user and system, that a process and all beneath it have used so far."""
    times: dict[int, tuple[int, int]] = {}  # by process: its parent, its ticks
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            # A command's name may hold anything, so count from its last bracket.
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has just ended; its parent's line has its ticks
        times[int(path.parent.name)] = int(fields[1]), sum(map(int, fields[11:15]))
    return sum(ticks for process, (_, ticks) in times.items() if _is_beneath(process, root, times)) / _TICKS_PER_S


def _is_beneath(process: int, root: int, times: dict[int, tuple[int, int]]) -> bool:
    while process != root and process in times:
        process = times[process][0]
    return process == root
