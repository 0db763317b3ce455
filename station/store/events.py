"""The numbered changes of alerts, from which pages that were away catch up.

Numbers are given under a lock and become visible in their order: whoever has seen number 7 will never find that a
number 6 was committed later. Reading by "greater than the last one" lost alerts where that did not hold
(docs/decisions.md).
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, insert, select, text

from station.store.schema import events

_LOCK = 0x6B6A74737465  # "kjtste"


@dataclass(frozen=True, slots=True)
class EventRow:
    """A change of an alert: which, and what it is now. No person and no place."""

    number: int
    alert: bytes
    state: str
    at: int
    station: str = ""  # whose officers are told
    is_supervised: bool = False  # the supervising station's are told too


def add_event(
    connection: Connection, alert: bytes, state: str, at: int, station: str = "", *, is_supervised: bool = False
) -> int:
    """Give the next number to a change and return it; until the transaction ends nobody else gets one."""
    wait_for_writers(connection)
    number = find_last(connection) + 1
    connection.execute(
        insert(events).values(
            number=number, alert=alert, state=state, at=at, station=station, is_supervised=is_supervised
        )
    )
    return number


def wait_for_writers(connection: Connection) -> None:
    """Wait until whoever was given a number has committed or failed, and let nobody get one until this one ends.

    That of a process that is dead, too: its server may still be at work on what it was last told. SQLite has one
    writer anyway.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})


def find_last(connection: Connection) -> int:
    """Return the number of the latest change, 0 before the first. The latest is never forgotten."""
    return connection.execute(select(func.max(events.c.number))).scalar_one() or 0


def find_first(connection: Connection) -> int:
    """Return the number of the oldest change that is kept, 0 where there is none."""
    return connection.execute(select(func.min(events.c.number))).scalar_one() or 0


def list_events(connection: Connection, after: int, most: int) -> list[EventRow]:
    """Return up to `most` changes after a number, in their order."""
    query = select(events).where(events.c.number > after).order_by(events.c.number).limit(most)
    return [EventRow(**row._mapping) for row in connection.execute(query)]


def forget_events(connection: Connection, before: int) -> None:
    """Remove changes of before a time, all but the latest, from which the numbers go on."""
    connection.execute(delete(events).where(events.c.at < before, events.c.number < find_last(connection)))
