"""Queries of what others told in numbers, and of exports that were checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select

from oversight.comparing.store.schema import reported, verified
from service.store import make_upsert


@dataclass(frozen=True, slots=True)
class ReportedRow:
    """One count of one month, as its sender told it."""

    sender: str
    month: str
    name: str
    court: str
    act: str
    n: int | None


@dataclass(frozen=True, slots=True)
class VerifiedRow:
    """What was found when a log's export was last checked, and the checkpoint that the next one must continue."""

    log: str
    at: int  # seconds since 1970
    note: str
    size: int
    faults: int
    words: str


def replace_month(connection: Connection, sender: str, month: str, rows: Sequence[ReportedRow]) -> None:
    """Let a sender's newest letter of a month stand for it."""
    connection.execute(delete(reported).where((reported.c.sender == sender) & (reported.c.month == month)))
    if rows:
        connection.execute(insert(reported), [{name: getattr(row, name) for name in row.__slots__} for row in rows])


def replace_court(connection: Connection, sender: str, month: str, court: str, rows: Sequence[ReportedRow]) -> None:
    """Let a sender's newest letter about one court's month stand for it."""
    of_court = (reported.c.sender == sender) & (reported.c.month == month) & (reported.c.court == court)
    connection.execute(delete(reported).where(of_court))
    if rows:
        connection.execute(insert(reported), [{name: getattr(row, name) for name in row.__slots__} for row in rows])


def list_reported(connection: Connection) -> list[ReportedRow]:
    """Return everything that was told."""
    return [ReportedRow(**row._mapping) for row in connection.execute(select(reported))]


def keep_verified(connection: Connection, row: VerifiedRow) -> None:
    """Write down what was found of a log."""
    values = {name: getattr(row, name) for name in VerifiedRow.__slots__}
    statement = make_upsert(connection, verified).values(values)
    connection.execute(statement.on_conflict_do_update(index_elements=["log"], set_=values))


def load_verified(connection: Connection, log: str) -> VerifiedRow | None:
    """Return what was last found of a log."""
    row = connection.execute(select(verified).where(verified.c.log == log)).one_or_none()
    return None if row is None else VerifiedRow(**row._mapping)
