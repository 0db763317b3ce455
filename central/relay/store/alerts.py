"""Queries of sealed alerts."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from sqlalchemy import Connection, delete, func, select

from central.relay.errors import RelayFull
from central.relay.store.schema import alerts, ticks
from service.store import make_upsert

MAX_KEPT = 20_000  # 9 kB each


@dataclass(frozen=True, slots=True)
class AlertRow:
    """A sealed alert. `id` is the row's, 0 before it has one."""

    alert_tag: bytes
    handle: bytes
    day_key_id: bytes
    place_key_id: bytes
    permit: int
    block: bytes = field(repr=False)
    place: bytes = field(repr=False)
    venue: bytes
    id: int = 0


def insert_alerts(connection: Connection, rows: Collection[AlertRow]) -> None:
    """Add the alerts that are not there yet, and change one row in any case.

    Raises: RelayFull where so many wait for the station; with alerts or without, or the refusal would tell.
    """
    if (connection.scalar(select(func.count()).select_from(alerts)) or 0) >= MAX_KEPT:
        raise RelayFull
    tick = make_upsert(connection, ticks).values(id=1, count=1)
    connection.execute(tick.on_conflict_do_update(index_elements=["id"], set_={"count": ticks.c.count + 1}))
    if rows:
        values = [{name: getattr(row, name) for name in AlertRow.__slots__ if name != "id"} for row in rows]
        connection.execute(make_upsert(connection, alerts).on_conflict_do_nothing(), values)


def list_alerts(connection: Connection, limit: int) -> list[AlertRow]:
    """Return the alerts that the station has not acknowledged, the oldest first."""
    query = select(alerts).order_by(alerts.c.id).limit(limit)
    return [AlertRow(**row._mapping) for row in connection.execute(query)]


def delete_alerts(connection: Connection, ids: Collection[int]) -> int:
    """Remove acknowledged alerts; return how many there were."""
    return connection.execute(delete(alerts).where(alerts.c.id.in_(ids))).rowcount
