"""Queries of guests' requests. Times are seconds since 1970."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection, delete, select, update

from oversight.store.schema import requests
from service.store import make_upsert


@dataclass(frozen=True, slots=True)
class RequestRow:
    """A request as it is kept."""

    id: bytes
    mark: bytes
    state: str
    received_at: int
    slot: int | None
    locked: bytes | None = field(repr=False)
    holder: str = ""
    taken_at: int | None = None
    ended_at: int | None = None
    reason: str = ""
    deleted_at: int | None = None
    locked_answer: bytes | None = field(repr=False, default=None)


def insert_request(connection: Connection, row: RequestRow) -> bool:
    """Add a request; False where its id is held already."""
    values = {name: getattr(row, name) for name in RequestRow.__slots__}
    return connection.execute(make_upsert(connection, requests).values(values).on_conflict_do_nothing()).rowcount == 1


def load_request(connection: Connection, request: bytes) -> RequestRow | None:
    """Return a request by its id."""
    row = connection.execute(select(requests).where(requests.c.id == request)).one_or_none()
    return None if row is None else RequestRow(**row._mapping)


def list_requests(connection: Connection, states: Collection[str]) -> list[RequestRow]:
    """Return the requests in these states, the oldest first."""
    query = select(requests).where(requests.c.state.in_(states)).order_by(requests.c.received_at, requests.c.id)
    return [RequestRow(**row._mapping) for row in connection.execute(query)]


def list_all(connection: Connection) -> list[RequestRow]:
    """Return every request, with what is left of deleted ones."""
    return [RequestRow(**row._mapping) for row in connection.execute(select(requests))]


def change_request(
    connection: Connection, request: bytes, states: Collection[str], holder: str, values: Mapping[str, object]
) -> bool:
    """Change a request that is in one of these states and in this officer's hands; False where it is not (any more)."""
    is_still = (requests.c.id == request) & requests.c.state.in_(states) & (requests.c.holder == holder)
    return connection.execute(update(requests).where(is_still).values(dict(values))).rowcount == 1


def list_slots(connection: Connection) -> set[int]:
    """Return the slots of the key file that are in use."""
    return set(connection.scalars(select(requests.c.slot).where(requests.c.slot.is_not(None))))


def delete_tombstones(connection: Connection, before: int) -> int:
    """Remove what is left of requests that were deleted before this time; return how many."""
    old = requests.c.deleted_at.is_not(None) & (requests.c.deleted_at < before)
    return connection.execute(delete(requests).where(old)).rowcount
