"""The state of each terminal, as its heartbeats tell it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from central.store import Store
from central.store.fleet import TerminalRow, list_terminals
from central.store.terminals import TerminalState
from records.heartbeat import ReaderCode

LATE_AFTER_S = 90  # one heartbeat missed
SILENT_AFTER_S = 600


class FleetState(StrEnum):
    """How a terminal is, seen from central."""

    ACTIVE = "active"
    LATE = "late"  # more than 90 s without a heartbeat
    SILENT = "silent"  # more than ten minutes without one, or never heard
    SUSPENDED = "suspended"
    REVOKED = "revoked"
    REPLACED = "replaced"  # revoked when another terminal took its place


@dataclass(frozen=True, slots=True)
class SeenTerminal:
    """One line of the administrator's table. Ids are hexadecimal; None before the first heartbeat."""

    terminal: str
    venue: str
    state: FleetState
    last_seen_at: datetime | None  # aware UTC
    version: str | None
    reader: ReaderCode | None
    queue: int | None
    oldest_s: int | None
    clock_offset_s: int | None  # also None when the terminal has not seen central's clock
    free_disk_mib: int | None
    venue_name: str | None = None


def find_state(
    last_seen_at: datetime | None, now: datetime, standing: TerminalState = TerminalState.ACTIVE
) -> FleetState:
    """Return the state of a terminal last heard at a time. Both times are aware."""
    if standing is not TerminalState.ACTIVE:
        return FleetState(standing.value)
    if last_seen_at is None:
        return FleetState.SILENT
    quiet_s = (now - last_seen_at).total_seconds()
    if quiet_s > SILENT_AFTER_S:
        return FleetState.SILENT
    return FleetState.LATE if quiet_s > LATE_AFTER_S else FleetState.ACTIVE


def list_fleet(store: Store, now: datetime) -> list[SeenTerminal]:
    """Return every terminal with its state. `now` is aware. Raises: StoreError."""
    with store.reading() as connection:
        rows = list_terminals(connection)
    return [make_seen(row, now) for row in rows]


def make_seen(row: TerminalRow, now: datetime) -> SeenTerminal:
    """Return a terminal with its state. `now` is aware."""
    last_seen_at = None if row.received_at is None else datetime.fromtimestamp(row.received_at, UTC)
    return SeenTerminal(
        terminal=row.terminal.hex(),
        venue=row.venue.hex(),
        state=find_state(last_seen_at, now, TerminalState(row.standing)),
        last_seen_at=last_seen_at,
        version=row.version,
        reader=None if row.reader is None else ReaderCode(row.reader),
        queue=row.queue,
        oldest_s=row.oldest_s,
        clock_offset_s=row.clock_offset_s,
        free_disk_mib=row.free_disk_mib,
        venue_name=row.venue_name,
    )
