"""Queries of enrolments. Times are whole seconds since 1970."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, insert, select, update

from central.store.areas import Scope, limit_venues
from central.store.base import Connection
from central.store.schema import enrolments


@dataclass(frozen=True, slots=True)
class EnrolmentRow:
    """One enrolment as it is kept."""

    id: bytes
    code_key: bytes = field(repr=False)
    state: str  # central.enrolment.EnrolmentState
    venue: bytes
    venue_name: str
    venue_address: str
    venue_kind: str
    replaces: bytes | None
    issued_by: str
    issued_at: int
    good_until: int
    terminal: bytes | None = None
    request: bytes | None = field(default=None, repr=False)
    decided_by: str | None = None
    decided_at: int | None = None


def insert_enrolment(connection: Connection, row: EnrolmentRow) -> None:
    """Add an enrolment."""
    connection.execute(insert(enrolments), {name: getattr(row, name) for name in EnrolmentRow.__slots__})


def load_enrolment(connection: Connection, enrolment: bytes, *, lock: bool = False) -> EnrolmentRow | None:
    """Return an enrolment; with `lock` nobody else can change it before this transaction ends."""
    query = select(enrolments).where(enrolments.c.id == enrolment)
    return _make(connection.execute(query.with_for_update() if lock else query).first())


def find_by_code_key(connection: Connection, code_key: bytes) -> EnrolmentRow | None:
    """Return the enrolment whose code this key follows from."""
    return _make(connection.execute(select(enrolments).where(enrolments.c.code_key == code_key)).first())


def list_enrolments(connection: Connection, most: int, scope: Scope) -> list[EnrolmentRow]:
    """Return the latest enrolments of a scope, newest first."""
    query = select(enrolments).where(limit_venues(scope, enrolments.c.venue))
    query = query.order_by(enrolments.c.issued_at.desc(), enrolments.c.id).limit(most)
    return [EnrolmentRow(**row._mapping) for row in connection.execute(query)]


def list_of_terminal(connection: Connection, terminal: bytes) -> list[EnrolmentRow]:
    """Return the enrolments in which a terminal took part, newest first."""
    query = select(enrolments).where(enrolments.c.terminal == terminal).order_by(enrolments.c.issued_at.desc())
    return [EnrolmentRow(**row._mapping) for row in connection.execute(query)]


def count_in_state(connection: Connection, state: str, now: int, *, issued_by: str | None = None) -> int:
    """Return how many enrolments are in a state and still good; of one administrator where one is named."""
    query = select(func.count()).where(enrolments.c.state == state, enrolments.c.good_until >= now)
    if issued_by is not None:
        query = query.where(enrolments.c.issued_by == issued_by)
    return connection.execute(query).scalar_one()


def change_enrolment(connection: Connection, enrolment: bytes, before: str, **values: Any) -> bool:
    """Change an enrolment that is in the state `before`; False where it is in another by now."""
    chosen = enrolments.c.id == enrolment, enrolments.c.state == before
    return connection.execute(update(enrolments).where(*chosen).values(values)).rowcount == 1


def _make(row: Any) -> EnrolmentRow | None:
    return None if row is None else EnrolmentRow(**row._mapping)
