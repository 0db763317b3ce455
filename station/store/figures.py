"""Queries of the boards' figures."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, delete, select

from service.store import make_upsert
from station.store.schema import outcome_tables

_figures = outcome_tables.figures
BETWEEN = "\x1f"  # which no court's name contains
# By court, act and what became of it; by what was deleted.
OF_ACT, DELETED = "act", "deleted"
RAISED = "raised"
ALERT, DAY_KEY = "alert", "day-key"


def add_figures(connection: Connection, month: str, station: str, names: Sequence[str]) -> None:
    """Count one more of each name."""
    for name in names:
        statement = make_upsert(connection, _figures).values(month=month, station=station, name=name, n=1)
        one_more = {"n": _figures.c.n + 1}
        connection.execute(statement.on_conflict_do_update(index_elements=["month", "station", "name"], set_=one_more))


def add_of_act(connection: Connection, month: str, station: str, about: tuple[str, str], what: str) -> None:
    """Count one more of what becomes of alerts; `about` is the court and the act."""
    add_figures(connection, month, station, [BETWEEN.join((OF_ACT, *about, what))])


def add_deleted(connection: Connection, month: str, station: str, what: str, n: int = 1) -> None:
    """Count what was deleted."""
    add_figures(connection, month, station, [BETWEEN.join((DELETED, what))] * n)


def set_figure(connection: Connection, month: str, station: str, name: str, n: int) -> None:
    """Let a number stand under a name, in place of any before it."""
    statement = make_upsert(connection, _figures).values(month=month, station=station, name=name, n=n)
    connection.execute(statement.on_conflict_do_update(index_elements=["month", "station", "name"], set_={"n": n}))


def load_figures(connection: Connection, month: str, station: str | None) -> list[tuple[str, int]]:
    """Return names and counts of a month, of one station or of all."""
    query = select(_figures.c.name, _figures.c.n).where(_figures.c.month == month)
    if station is not None:
        query = query.where(_figures.c.station == station)
    return [(row.name, row.n) for row in connection.execute(query)]


def forget_figures(connection: Connection, before: str) -> None:
    """Remove the figures of the months before one (YYYY-MM)."""
    connection.execute(delete(_figures).where(_figures.c.month < before))
