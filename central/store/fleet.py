"""Heartbeats as they are kept: the last one of each terminal, and one row per terminal and five minutes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from sqlalchemy import ColumnElement, case, delete, func, select

from central.store.base import Connection, make_upsert
from central.store.schema import envelopes, heartbeat_slots, heartbeats, records, terminals
from central.store.terminals import TerminalState

SLOT_S = 300
KEEP_DAYS = 31
_SECONDS_PER_DAY = 86_400


@dataclass(frozen=True, slots=True)
class TerminalRow:
    """A terminal and what it last told of itself; all None before its first heartbeat."""

    terminal: bytes
    venue: bytes
    standing: str  # TerminalState
    received_at: int | None
    version: str | None
    reader: int | None
    queue: int | None
    oldest_s: int | None
    clock_offset_s: int | None
    free_disk_mib: int | None
    venue_name: str | None = None  # None for a terminal whose venue nobody has put down


LAST_HEARD = [heartbeats.c[name] for name in TerminalRow.__slots__[3:-1]]


def write_heartbeats(connection: Connection, latest: list[dict[str, Any]], slots: list[dict[str, Any]]) -> None:
    """Write the last heartbeats of some terminals, and add to their rows of five minutes.

    A later heartbeat that another process has written meanwhile stays.
    """
    # Always in the same order, so that two processes never wait for each other.
    if latest:
        statement = make_upsert(connection, heartbeats)
        new = {name: statement.excluded[name] for name in heartbeats.c.keys() if name != "terminal"}  # noqa: SIM118
        is_later = statement.excluded.sent_at > heartbeats.c.sent_at
        statement = statement.on_conflict_do_update(index_elements=["terminal"], set_=new, where=is_later)
        connection.execute(statement, sorted(latest, key=itemgetter("terminal")))
    if slots:
        connection.execute(_make_add_to_slot(connection), sorted(slots, key=itemgetter("slot", "terminal")))


def prune_heartbeats(connection: Connection, now_s: int) -> int:
    """Delete the rows of five minutes that are older than 31 days. Return how many."""
    until = (now_s - KEEP_DAYS * _SECONDS_PER_DAY) // SLOT_S
    return connection.execute(delete(heartbeat_slots).where(heartbeat_slots.c.slot < until)).rowcount


def list_terminals(connection: Connection) -> list[TerminalRow]:
    """Return every terminal with its last heartbeat, ordered by venue and id."""
    query = (
        select(terminals.c.id, terminals.c.venue, terminals.c.state, *LAST_HEARD)
        .join(heartbeats, heartbeats.c.terminal == terminals.c.id, isouter=True)
        .order_by(terminals.c.venue, terminals.c.id)
    )
    return [TerminalRow(*row) for row in connection.execute(query)]


def load_barred(connection: Connection) -> dict[bytes, TerminalState]:
    """Return the terminals of which nothing is taken, by id."""
    query = select(terminals.c.id, terminals.c.state).where(terminals.c.state != TerminalState.ACTIVE.value)
    return {row.id: TerminalState(row.state) for row in connection.execute(query)}


def load_slots(connection: Connection, terminal: bytes, first: int, last: int) -> Sequence[Any]:
    """Return a terminal's rows of five minutes from one slot to another, both included, oldest first."""
    # One look-up for each slot: the key begins with the slot, and between two of them lie the rows of all others.
    wanted = heartbeat_slots.c.slot.in_(range(first, last + 1))
    query = select(heartbeat_slots).where(wanted, heartbeat_slots.c.terminal == terminal)
    return connection.execute(query.order_by(heartbeat_slots.c.slot)).all()


def count_generation(connection: Connection, ids: Iterable[bytes], generation: int) -> tuple[int, int]:
    """Return how many envelopes and how many records some terminals have here in one generation."""
    wanted = set(ids)
    totals = [0, 0]
    for place, table in enumerate((envelopes, records)):
        query = (
            select(table.c.terminal, func.count()).where(table.c.generation == generation).group_by(table.c.terminal)
        )
        totals[place] = sum(count for terminal, count in connection.execute(query) if terminal in wanted)
    return totals[0], totals[1]


def _make_add_to_slot(connection: Connection) -> Any:
    statement = make_upsert(connection, heartbeat_slots)
    old, new = heartbeat_slots.c, statement.excluded

    def larger(name: str) -> ColumnElement[Any]:
        return case((new[name] > old[name], new[name]), else_=old[name])

    merged = {name: old[name] + new[name] for name in ("beats", "reader_down")}
    merged |= {name: larger(name) for name in ("queue", "oldest_s", "clock_offset_s")}
    merged["free_disk_mib"] = case((new.free_disk_mib < old.free_disk_mib, new.free_disk_mib), else_=old.free_disk_mib)
    return statement.on_conflict_do_update(index_elements=["slot", "terminal"], set_=merged)
