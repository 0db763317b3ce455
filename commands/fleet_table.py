"""The administrator's table of terminals, for a text screen."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from central.fleet.states import FleetState, SeenTerminal

_HEADS = ("terminal", "venue", "state", "version", "reader", "queue", "oldest", "clock", "disk", "last seen")
_NOTHING = "-"
_ALWAYS = (FleetState.ACTIVE, FleetState.LATE, FleetState.SILENT, FleetState.REVOKED)


def draw_table(terminals: list[SeenTerminal], now: datetime) -> list[str]:
    """Return the lines of the table, and one with the number of terminals in each state. `now` is aware."""
    rows = [_HEADS, *(_draw_row(each, now) for each in terminals)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADS))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    states = Counter(each.state for each in terminals)
    named = [each for each in FleetState if each in _ALWAYS or states[each]]
    return [*lines, f"{len(terminals)} terminals: " + ", ".join(f"{states[each]} {each.value}" for each in named)]


def _draw_row(seen: SeenTerminal, now: datetime) -> tuple[str, ...]:
    ids = (seen.terminal, seen.venue, seen.state.value)
    if seen.last_seen_at is None:
        return (*ids, *(_NOTHING,) * 6, "never")
    offset = _NOTHING if seen.clock_offset_s is None else f"{seen.clock_offset_s:+d} s"
    return (
        *ids,
        seen.version or _NOTHING,
        _NOTHING if seen.reader is None else seen.reader.name.lower(),
        str(seen.queue),
        _draw_time(seen.oldest_s or 0),
        offset,
        f"{(seen.free_disk_mib or 0) / 1024:.1f} GiB",
        f"{_draw_time(max(0, int((now - seen.last_seen_at).total_seconds())))} ago",
    )


def _draw_time(seconds: int) -> str:
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
