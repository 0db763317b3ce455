"""The fleet in totals over all terminals, one row per five minutes, and what the keeper's latest pass found.

How many records came is known here for all terminals together and for no less: who sleeps where, and how full a
house is, is nobody's business. Where fewer than five houses were heard a total would be theirs, and is not kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, case, delete, distinct, func, insert, select

from central.fleet.coarse import WAITS_AFTER_S, coarsen_age, coarsen_queue
from central.store.base import Connection, make_upsert
from central.store.fleet import SLOT_S
from central.store.schema import counts, fleet_slots, heartbeat_slots, keeper_pass, received, terminals
from central.store.terminals import TerminalState

FEWEST_HOUSES = 5
SLOTS_PER_DAY = 86_400 // SLOT_S
KEEP_SLOTS = 2 * SLOTS_PER_DAY
# Ingest writes what it counted every few seconds: a slot is summed up when that is certainly done.
SETTLED_AFTER_S = 30


class SecondCopy(StrEnum):
    """How the second copy of the period keys is."""

    NONE = "none"  # there is to be none
    HERE = "here"
    DIFFERS = "differs"
    AWAY = "away"


@dataclass(frozen=True, slots=True)
class KeeperPass:
    """What the keeper's latest pass found. Times are seconds since 1970, days are counted from then."""

    passed_at: int
    keys_until: int | None  # last day whose arrivals have a key; None: today's have none
    second_copy: SecondCopy
    next_due: int | None = None  # the first day whose key is there: it goes when that day begins


@dataclass(frozen=True, slots=True)
class FleetSlot:
    """The fleet in five minutes. `queue` and `oldest_s` are coarse; no records where too few houses were heard."""

    slot: int
    heard: int
    silent: int
    queue: int
    oldest_s: int
    records: int | None


def add_received(connection: Connection, added: dict[int, int]) -> None:
    """Add to the records received in some slots, all terminals together."""
    # Always in the same order, so that two processes never wait for each other.
    rows = [{"slot": slot, "records": count} for slot, count in sorted(added.items())]
    if rows:
        statement = make_upsert(connection, received)
        total = {"records": received.c.records + statement.excluded.records}
        connection.execute(statement.on_conflict_do_update(index_elements=["slot"], set_=total), rows)


def sum_up_fleet(connection: Connection, now_s: int) -> int:
    """Write the totals of every finished slot that has none yet, at most a day back. Return how many were written.

    Older totals, and the counts that they were made from, are deleted.
    """
    last = (now_s - SETTLED_AFTER_S) // SLOT_S - 1
    first = _find_first(connection, last)
    if first <= last:
        connection.execute(insert(fleet_slots), _list_totals(connection, first, last))
    connection.execute(delete(received).where(received.c.slot <= last))
    connection.execute(delete(fleet_slots).where(fleet_slots.c.slot <= last - KEEP_SLOTS))
    return max(0, last - first + 1)


def load_fleet_slots(connection: Connection, first: int) -> list[FleetSlot]:
    """Return the totals from a slot on, oldest first."""
    query = select(fleet_slots).where(fleet_slots.c.slot >= first).order_by(fleet_slots.c.slot)
    return [FleetSlot(*row) for row in connection.execute(query)]


def load_counts(connection: Connection, since: int) -> list[tuple[int, str, int]]:
    """Return day, name and figure of every counter from a day on."""
    query = select(counts.c.day, counts.c.name, counts.c["count"]).where(counts.c.day >= since)
    return [(row[0], row[1], row[2]) for row in connection.execute(query.order_by(counts.c.day, counts.c.name))]


def write_keeper_pass(connection: Connection, done: KeeperPass) -> None:
    """Replace what is known of the keeper's latest pass."""
    values = {"passed_at": done.passed_at, "keys_until": done.keys_until, "second_copy": done.second_copy.value}
    values["next_due"] = done.next_due
    statement = make_upsert(connection, keeper_pass).values(id=1, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=values))


def load_keeper_pass(connection: Connection) -> KeeperPass | None:
    """Return what the keeper's latest pass found, None before the first."""
    row = connection.execute(select(keeper_pass)).first()
    if row is None:
        return None
    return KeeperPass(row.passed_at, row.keys_until, SecondCopy(row.second_copy), row.next_due)


def _find_first(connection: Connection, last: int) -> int:
    day_back = last - SLOTS_PER_DAY + 1
    latest: int | None = connection.execute(select(func.max(fleet_slots.c.slot))).scalar_one()
    if latest is not None:
        return max(latest + 1, day_back)
    # At first: from the first heartbeat on. Before it nothing was silent, there was nothing.
    heard = select(func.min(heartbeat_slots.c.slot)).where(heartbeat_slots.c.slot >= day_back)
    earliest: int | None = connection.execute(heard).scalar_one()
    return last if earliest is None else earliest


def _list_totals(connection: Connection, first: int, last: int) -> list[dict[str, Any]]:
    slots, waits = heartbeat_slots.c, heartbeat_slots.c.oldest_s >= WAITS_AFTER_S
    heard = (
        select(
            slots.slot, func.count().label("heard"), func.sum(case((waits, slots.queue), else_=0)).label("queue"),
            func.max(slots.oldest_s).label("oldest_s"), func.count(distinct(terminals.c.venue)).label("houses"),
        )
        .join(terminals, terminals.c.id == slots.terminal)
        .where(slots.slot.between(first, last), terminals.c.state == TerminalState.ACTIVE.value)
        .group_by(slots.slot)
    )  # fmt: skip
    by_slot = {row.slot: row for row in connection.execute(heard)}
    query = select(received.c.slot, received.c.records).where(received.c.slot.between(first, last))
    records = {row.slot: row.records for row in connection.execute(query)}
    known = select(func.count()).select_from(terminals).where(terminals.c.state == TerminalState.ACTIVE.value)
    everybody: int = connection.execute(known).scalar_one()
    return [_make_total(slot, by_slot.get(slot), records.get(slot, 0), everybody) for slot in range(first, last + 1)]


def _make_total(slot: int, row: Row[Any] | None, records: int, everybody: int) -> dict[str, Any]:
    if row is None:
        return {"slot": slot, "heard": 0, "silent": everybody, "queue": 0, "oldest_s": 0, "records": None}
    return {
        "slot": slot,
        "heard": row.heard,
        "silent": max(0, everybody - row.heard),
        "queue": coarsen_queue(int(row.queue), row.oldest_s),
        "oldest_s": coarsen_age(row.oldest_s),
        "records": records if row.houses >= FEWEST_HOUSES else None,
    }
