"""Queries of the steps of alerts. Times are seconds since 1970."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import Connection, func, insert, select

from station.store.schema import steps


@dataclass(frozen=True, slots=True)
class StepRow:
    """One step of an alert. What an officer wrote cannot be read without the alert's key."""

    alert: bytes
    number: int
    step: str
    officer: str
    other: str
    at: int
    locked: bytes | None = field(repr=False, default=None)


def find_next_step(connection: Connection, alert: bytes) -> int:
    """Return the number of an alert's next step, from 1. Nobody else gets it while its row is being changed."""
    query = select(func.max(steps.c.number)).where(steps.c.alert == alert)
    return (connection.execute(query).scalar_one() or 0) + 1


def add_step(connection: Connection, row: StepRow) -> None:
    """Keep a step."""
    connection.execute(insert(steps).values({name: getattr(row, name) for name in StepRow.__slots__}))


def list_steps(connection: Connection, alert: bytes) -> list[StepRow]:
    """Return the steps of an alert in their order."""
    query = select(steps).where(steps.c.alert == alert).order_by(steps.c.number)
    return [StepRow(**row._mapping) for row in connection.execute(query)]
