"""Queries of handles' hashes, and the counts of the day."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, select, update

from screening.store.schema import counts, handles
from service.store import make_upsert

HANDLES_DELETED, DECISIONS_DELETED = "handles-deleted", "decisions-deleted"


@dataclass(frozen=True, slots=True)
class HandleRow:
    """A handle that was claimed. A closed one is never compared again."""

    hash: bytes
    permit: int
    hour: int
    tries: int
    is_closed: int


def load_handles(connection: Connection, hashes: Collection[bytes]) -> dict[bytes, HandleRow]:
    """Return those of these that were claimed."""
    found: dict[bytes, HandleRow] = {}
    wanted = list(hashes)
    for start in range(0, len(wanted), 500):
        query = select(handles).where(handles.c.hash.in_(wanted[start : start + 500]))
        found.update((row.hash, HandleRow(**row._mapping)) for row in connection.execute(query))
    return found


def save_handles(connection: Connection, rows: Collection[HandleRow]) -> None:
    """Add handles, or count one more try of each."""
    if rows:
        values = [{name: getattr(row, name) for name in HandleRow.__slots__} for row in rows]
        statement = make_upsert(connection, handles)
        more = {"tries": statement.excluded.tries}
        connection.execute(statement.on_conflict_do_update(index_elements=["hash"], set_=more), values)


def close_handles(connection: Connection, hashes: Collection[bytes]) -> None:
    """Let none of these be compared again."""
    wanted = list(hashes)
    for start in range(0, len(wanted), 500):
        chosen = handles.c.hash.in_(wanted[start : start + 500])
        connection.execute(update(handles).where(chosen).values(is_closed=1))


def count_handles(connection: Connection, permit: int) -> int:
    """Return how many handles were claimed under a permit."""
    return connection.scalar(select(func.count()).select_from(handles).where(handles.c.permit == permit)) or 0


def forget_handles(connection: Connection, before_hour: int, permit: int) -> int:
    """Delete those claimed before an hour, but for those of the permit in force. Return how many."""
    old = (handles.c.hour < before_hour) & (handles.c.permit != permit)
    return connection.execute(delete(handles).where(old)).rowcount


def add_counts(connection: Connection, day: int, added: Mapping[str, int]) -> None:
    """Add to the counts of a day."""
    rows = [{"day": day, "name": name, "count": count} for name, count in added.items() if count]
    if rows:
        statement = make_upsert(connection, counts)
        total = {"count": counts.c.count + statement.excluded.count}
        connection.execute(statement.on_conflict_do_update(index_elements=["day", "name"], set_=total), rows)


def sum_counts(connection: Connection, first: int, last: int) -> dict[str, int]:
    """Return the counts of some days together, both ends included."""
    query = select(counts.c.name, func.sum(counts.c.count)).where(counts.c.day.between(first, last))
    return {name: int(count) for name, count in connection.execute(query.group_by(counts.c.name))}


def load_counts(connection: Connection, day: int) -> dict[str, int]:
    """Return the counts of a day."""
    rows = connection.execute(select(counts.c.name, counts.c.count).where(counts.c.day == day))
    return {name: count for name, count in rows}  # noqa: C416  # dict() would not know the types
