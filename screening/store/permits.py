"""Queries of the permits that this office has seen."""

from __future__ import annotations

from sqlalchemy import Connection, func, select

from screening.store.schema import permits
from service.store import make_upsert


def note_permit(connection: Connection, number: int, *, is_stopped: bool) -> None:
    """Write down that a permit was seen, or stopped; a stop is never taken back."""
    statement = make_upsert(connection, permits).values(number=number, is_stopped=int(is_stopped))
    kept = {"is_stopped": func.max(permits.c.is_stopped, statement.excluded.is_stopped)}
    connection.execute(statement.on_conflict_do_update(index_elements=["number"], set_=kept))


def find_newest(connection: Connection) -> int:
    """Return the newest permit that was seen, 0 where there is none or it was stopped."""
    row = connection.execute(select(permits.c.number, permits.c.is_stopped).order_by(permits.c.number.desc())).first()
    return 0 if row is None or row.is_stopped else int(row.number)


def may_begin(connection: Connection, number: int) -> bool:
    """Tell whether no later permit was seen, and this one not stopped."""
    over = (permits.c.number > number) | ((permits.c.number == number) & (permits.c.is_stopped == 1))
    return not connection.scalar(select(func.count()).select_from(permits).where(over))
