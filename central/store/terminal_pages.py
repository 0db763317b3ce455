"""The administrators' table of terminals, filtered, sorted and cut into pages by the database."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, false, func, not_, or_, select, true

from central.fleet.coarse import HOUR_S, QUARTER_S, WAITS_AFTER_S
from central.store.areas import Scope, limit_venues
from central.store.base import Connection
from central.store.fleet import LAST_HEARD, TerminalRow
from central.store.schema import heartbeats, place_tables, security_events, settled_events, terminals
from central.store.terminals import TerminalState
from records.heartbeat import ReaderCode


class Show(StrEnum):
    """Which terminals a page shows."""

    ALL = "all"
    TROUBLED = "troubled"
    ACTIVE = "active"
    LATE = "late"
    SILENT = "silent"
    SUSPENDED = "suspended"
    REVOKED = "revoked"


class SortBy(StrEnum):
    """By what a page is sorted. There is no order by how much waits: that would tell which house is the fullest."""

    URGENCY = "urgency"
    VENUE = "venue"
    TERMINAL = "terminal"
    HEARD = "heard"
    VERSION = "version"
    READER = "reader"
    OLDEST = "oldest"
    CLOCK = "clock"
    DISK = "disk"


@dataclass(frozen=True, slots=True)
class Bounds:
    """From when on a terminal is late or silent (seconds since 1970), and from when on it is in trouble."""

    late_before: int
    silent_before: int
    stuck_after_s: int
    clock_off_by_s: int
    few_free_mib: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """One page of the table. `text` is looked for in ids, version and the venue's name."""

    show: Show = Show.ALL
    text: str = ""
    sort: SortBy = SortBy.URGENCY
    is_descending: bool = False
    first: int = 0
    most: int = 100


@dataclass(frozen=True, slots=True)
class FleetCounts:
    """How many terminals there are, in each state, and how much waits for central at most."""

    all: int
    troubled: int
    active: int
    late: int
    silent: int
    suspended: int
    revoked: int
    largest_queue: int
    oldest_s: int


@dataclass(frozen=True, slots=True)
class SecurityEvent:
    """Something that should never happen, of one terminal. It says nothing of what was sent."""

    kind: str
    terminal: bytes
    seen_at: int
    number: int  # its id
    finding: str | None  # EventFinding; None until somebody has looked into it
    settled_by: str | None = None
    settled_at: int | None = None


_SETTLED = settled_events.c.finding, settled_events.c.settled_by, settled_events.c.settled_at
_VENUES = place_tables.venues
_HEARD = terminals.outerjoin(heartbeats, heartbeats.c.terminal == terminals.c.id)
_JOINED = _HEARD.outerjoin(_VENUES, _VENUES.c.id == terminals.c.venue)
_ROW = (terminals.c.id, terminals.c.venue, terminals.c.state, *LAST_HEARD, _VENUES.c.name)
# What is on its way for less than five minutes is nobody's business, also not by its place in an order.
_WAITS = heartbeats.c.oldest_s >= WAITS_AFTER_S
# In the steps in which it is shown (`central.fleet.coarse`): else the order would tell who came before whom.
_AGE_STEP = case(
    (heartbeats.c.oldest_s < HOUR_S, 1 + heartbeats.c.oldest_s // QUARTER_S),
    else_=1 + heartbeats.c.oldest_s // HOUR_S * (HOUR_S // QUARTER_S),
)
_SORTS: dict[SortBy, ColumnElement[Any]] = {
    SortBy.VENUE: func.lower(_VENUES.c.name),
    SortBy.TERMINAL: terminals.c.id,
    SortBy.HEARD: heartbeats.c.received_at,
    SortBy.VERSION: heartbeats.c.version,
    SortBy.READER: heartbeats.c.reader,
    SortBy.OLDEST: case((_WAITS, _AGE_STEP), (heartbeats.c.oldest_s.is_not(None), 0)),
    SortBy.CLOCK: func.abs(heartbeats.c.clock_offset_s),
    SortBy.DISK: heartbeats.c.free_disk_mib,
}


def find_terminals(
    connection: Connection, wanted: Wanted, bounds: Bounds, scope: Scope
) -> tuple[list[TerminalRow], int]:
    """Return one page of the terminals of a scope, and how many there are on all of its pages.

    Cost: every terminal is looked at, only those of the page are handed over.
    """
    found = and_(list_conditions(bounds)[wanted.show], _matches(connection, wanted.text))
    chosen = and_(limit_venues(scope, terminals.c.venue), found)
    # Houses' names are looked at only where one is looked for.
    count = select(func.count()).select_from(_JOINED if wanted.text else _HEARD).where(chosen)
    query = (
        select(*_ROW)
        .select_from(_JOINED)
        .where(chosen)
        .order_by(*_order(wanted, bounds))
        .offset(wanted.first)
        .limit(wanted.most)
    )
    return [TerminalRow(*row) for row in connection.execute(query)], connection.execute(count).scalar_one()


def find_terminal(connection: Connection, terminal: bytes) -> TerminalRow | None:
    """Return one terminal with its last heartbeat."""
    query: Select[Any] = select(*_ROW).select_from(_JOINED)
    row = connection.execute(query.where(terminals.c.id == terminal)).first()
    return None if row is None else TerminalRow(*row)


def count_fleet(connection: Connection, bounds: Bounds, scope: Scope) -> FleetCounts:
    """Return how many terminals of a scope are in each state, and their largest queue and longest wait."""
    conditions = list_conditions(bounds)
    sums = [func.sum(case((conditions[show], 1), else_=0)) for show in Show]
    living = terminals.c.state == TerminalState.ACTIVE.value
    waiting = and_(living, _WAITS)
    most = [func.max(case((waiting, column), else_=0)) for column in (heartbeats.c.queue, heartbeats.c.oldest_s)]
    within = limit_venues(scope, terminals.c.venue)
    row = connection.execute(select(*sums, *most).select_from(_HEARD).where(within)).one()
    return FleetCounts(*(int(each or 0) for each in row))


def list_security_events(
    connection: Connection, since: int, most: int, scope: Scope, terminal: bytes | None = None
) -> list[SecurityEvent]:
    """Return the latest events of a scope since a time, of one terminal or of all; at most so many, newest first."""
    events = security_events.c
    of_whom = true() if terminal is None else events.terminal == terminal
    if not scope.is_whole:
        seen = select(terminals.c.id).where(limit_venues(scope, terminals.c.venue))
        of_whom = and_(of_whom, events.terminal.in_(seen))
    query = (
        select(events.kind, events.terminal, events.seen_at, events.id, *_SETTLED)
        .join_from(security_events, settled_events, settled_events.c.event == events.id, isouter=True)
        .where(events.seen_at >= since, of_whom)
    )
    return [SecurityEvent(*row) for row in connection.execute(query.order_by(events.id.desc()).limit(most))]


def list_conditions(bounds: Bounds) -> dict[Show, ColumnElement[bool]]:
    """Return for each state the condition that a terminal is in it."""
    last = heartbeats.c
    is_active = terminals.c.state == TerminalState.ACTIVE.value
    is_suspended = terminals.c.state == TerminalState.SUSPENDED.value
    silent = and_(is_active, or_(last.received_at.is_(None), last.received_at < bounds.silent_before))
    heard = and_(is_active, last.received_at >= bounds.silent_before)
    wrong = or_(*_faults(bounds).values())
    return {
        Show.ALL: true(),
        Show.TROUBLED: or_(silent, and_(heard, wrong)),
        Show.ACTIVE: and_(heard, last.received_at >= bounds.late_before),
        Show.LATE: and_(heard, last.received_at < bounds.late_before),
        Show.SILENT: silent,
        Show.SUSPENDED: is_suspended,
        Show.REVOKED: and_(not_(is_active), not_(is_suspended)),  # with those that were replaced
    }


def _faults(bounds: Bounds) -> dict[str, ColumnElement[bool]]:
    """Return what may be wrong with a terminal that is heard, the most urgent first (`central.fleet.troubles`)."""
    last = heartbeats.c
    return {
        "stuck": last.oldest_s >= bounds.stuck_after_s,
        "reader": last.reader == ReaderCode.DOWN.value,
        "clock": func.abs(func.coalesce(last.clock_offset_s, 0)) >= bounds.clock_off_by_s,
        "disk": last.free_disk_mib < bounds.few_free_mib,
    }


def _order(wanted: Wanted, bounds: Bounds) -> list[ColumnElement[Any]]:
    if wanted.sort is not SortBy.URGENCY:
        column = _SORTS[wanted.sort]
        # What was never heard comes last either way; the two databases would else put it at different ends.
        return [column.is_(None), column.desc() if wanted.is_descending else column, terminals.c.id]
    conditions, last = list_conditions(bounds), heartbeats.c
    ranks = [(and_(conditions[Show.SILENT], last.received_at.is_not(None)), 0), (conditions[Show.SILENT], 1)]
    ranks += [(conditions[Show.SUSPENDED], 8), (conditions[Show.REVOKED], 9)]
    ranks += [(fault, rank) for rank, fault in enumerate(_faults(bounds).values(), start=2)]
    rank = case(*ranks, (conditions[Show.LATE], 6), else_=7)
    return [rank.desc() if wanted.is_descending else rank, last.received_at.is_(None), last.received_at, terminals.c.id]


def _matches(connection: Connection, text: str) -> ColumnElement[bool]:
    wanted = "".join(text.split()).lower()
    if not wanted:
        return true()
    # An id that was copied with the dots of a shortened one ("5a00…00a1") is found by both ends.
    start, dots, end = wanted.partition("…")
    ids = [_write_hex(connection, column) for column in (terminals.c.id, terminals.c.venue)]
    if dots:
        return or_(
            *(and_(each.startswith(start, autoescape=True), each.endswith(end, autoescape=True)) for each in ids)
        )
    found = [each.contains(wanted, autoescape=True) for each in ids]
    named = func.lower(_VENUES.c.name).contains(" ".join(text.lower().split()), autoescape=True)
    version = func.lower(heartbeats.c.version).contains(wanted, autoescape=True)
    return or_(*found, func.coalesce(version, false()), func.coalesce(named, false()))


def _write_hex(connection: Connection, column: ColumnElement[Any]) -> ColumnElement[str]:
    return func.lower(func.hex(column)) if connection.dialect.name == "sqlite" else func.encode(column, "hex")
