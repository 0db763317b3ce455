"""Queries around a terminal's standing: who asked to lift a suspension, and who looked into a security event."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import delete, insert, select

from central.store.base import Connection, make_upsert
from central.store.schema import audit_tables, lift_requests, security_events, settled_events
from service.store.grips import find_last_touch, list_tied


@dataclass(frozen=True, slots=True)
class LiftRequest:
    """Who asked to lift a terminal's suspension, and when."""

    asked_by: str
    asked_at: int


def write_lift_request(connection: Connection, terminal: bytes, request: LiftRequest) -> None:
    """Keep a request in place of an earlier one."""
    values = {"asked_by": request.asked_by, "asked_at": request.asked_at}
    statement = make_upsert(connection, lift_requests).values(terminal=terminal, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["terminal"], set_=values))


def load_lift_request(connection: Connection, terminal: bytes) -> LiftRequest | None:
    """Return the request that waits for a second person."""
    row = connection.execute(select(lift_requests).where(lift_requests.c.terminal == terminal)).first()
    return None if row is None else LiftRequest(row.asked_by, row.asked_at)


def drop_lift_request(connection: Connection, terminal: bytes) -> bool:
    """Forget a request. Return whether there was one."""
    return connection.execute(delete(lift_requests).where(lift_requests.c.terminal == terminal)).rowcount > 0


def find_event_terminal(connection: Connection, event: int) -> bytes | None:
    """Return the terminal that a security event is about."""
    found: bytes | None = connection.execute(
        select(security_events.c.terminal).where(security_events.c.id == event)
    ).scalar_one_or_none()
    return found


def add_security_event(connection: Connection, kind: str, terminal: bytes, number: int, now_s: int) -> None:
    """Note something that should never happen; while nobody has looked into it, the same thing again is no other."""
    same = security_events.c.kind == kind, security_events.c.terminal == terminal, security_events.c.sequence == number
    waiting = select(security_events.c.id).where(*same, security_events.c.id.not_in(select(settled_events.c.event)))
    if connection.execute(waiting.limit(1)).first() is None:
        row = {"kind": kind, "terminal": terminal, "generation": 0, "sequence": number, "seen_at": now_s}
        connection.execute(insert(security_events), row)


def write_settled(connection: Connection, event: int, finding: str, settled_by: str, settled_at: int) -> bool:
    """Keep what somebody found; False where somebody else was first."""
    values = {"finding": finding, "settled_by": settled_by, "settled_at": settled_at}
    statement = make_upsert(connection, settled_events).values(event=event, **values)
    added = statement.on_conflict_do_nothing().returning(settled_events.c.event)
    return connection.execute(added).one_or_none() is not None


def had_a_grip(connection: Connection, one: str, other: str) -> bool:
    """Tell whether one of two accounts ever made or reset the other, as far back as the audit log's text goes.

    Or made or reset one that did, and so on: whoever was in an account for a while could do all that it could.
    """
    return other in list_tied(connection, audit_tables, one)


def was_done_since(connection: Connection, actor: str, act: str, since: int) -> bool:
    """Tell whether somebody did something since a time, that second included, as the audit log has it."""
    entries = audit_tables.entries.c
    query = select(entries.number).where(entries.act == act, entries.actor == actor, entries.time >= since)
    return connection.execute(query.limit(1)).first() is not None


def was_touched(connection: Connection, account: str, since: int, giving: Collection[str]) -> bool:
    """Tell whether anybody made, reset or enabled an account, or gave it a role, since a time, that second included.

    `giving` are the acts by which a role is given.
    """
    touched_at = find_last_touch(connection, audit_tables, account, giving)
    return touched_at is not None and touched_at >= since
