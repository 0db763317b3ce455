"""Districts and stations as a tree, and the one filter that keeps a query within somebody's area."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, false, func, select, true, update

from central.store.base import Connection, make_upsert
from central.store.schema import place_tables

WHOLE = bytes(16)  # the root of the tree: the whole service, and what belongs to no station yet
_AREAS, _VENUES, _OF_ACCOUNTS = place_tables.areas, place_tables.venues, place_tables.account_areas


class AreaKind(StrEnum):
    """What an area is. Venues belong to stations; districts hold districts and stations."""

    DISTRICT = "district"
    STATION = "station"


@dataclass(frozen=True, slots=True)
class AreaRow:
    """One area. Ids are 16 raw bytes; the parent of what is at the top is `WHOLE`."""

    id: bytes
    parent: bytes
    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class Scope:
    """What somebody may see: an area with all that is below it; None is nothing at all."""

    area: bytes | None = None

    @property
    def is_whole(self) -> bool:
        """True for the whole service."""
        return self.area == WHOLE


EVERYTHING = Scope(WHOLE)


def limit_venues(scope: Scope, venue: ColumnElement[Any]) -> ColumnElement[bool]:
    """Return the condition that a column's venue is within the scope. Each query of a page has it."""
    if scope.is_whole:
        return true()
    return venue.in_(_select_venues(scope.area)) if scope.area is not None else false()


def limit_areas(scope: Scope, area: ColumnElement[Any]) -> ColumnElement[bool]:
    """Return the condition that a column's area is within the scope."""
    if scope.is_whole:
        return true()
    return area.in_(_select_below(scope.area)) if scope.area is not None else false()


def load_scope(connection: Connection, account: str) -> Scope:
    """Return what an account may see."""
    query = select(_OF_ACCOUNTS.c.area).where(_OF_ACCOUNTS.c.account == account)
    return Scope(connection.execute(query).scalar_one_or_none())


def write_scope(connection: Connection, account: str, area: bytes) -> None:
    """Let an account see an area, instead of what it saw before."""
    statement = make_upsert(connection, _OF_ACCOUNTS).values(account=account, area=area)
    connection.execute(statement.on_conflict_do_update(index_elements=["account"], set_={"area": area}))


def list_scopes(connection: Connection) -> dict[str, bytes]:
    """Return the area of each account that has one."""
    return {row[0]: row[1] for row in connection.execute(select(_OF_ACCOUNTS.c.account, _OF_ACCOUNTS.c.area))}


def is_venue_within(connection: Connection, scope: Scope, venue: bytes) -> bool:
    """Tell whether a venue is within the scope; one that no station has is within the whole alone."""
    if scope.area is None or scope.is_whole:
        return scope.is_whole
    query = select(_VENUES.c.id).where(_VENUES.c.id == venue, limit_venues(scope, _VENUES.c.id))
    return connection.execute(query).first() is not None


def is_area_within(connection: Connection, scope: Scope, area: bytes) -> bool:
    """Tell whether an area, or the whole, is within the scope; one that there is not is within none."""
    if area == WHOLE or scope.area is None:
        return scope.is_whole and area == WHOLE
    query = select(_AREAS.c.id).where(_AREAS.c.id == area, limit_areas(scope, _AREAS.c.id))
    return connection.execute(query).first() is not None


def list_areas(connection: Connection, scope: Scope) -> list[AreaRow]:
    """Return the areas of a scope, by name."""
    query = select(_AREAS).where(limit_areas(scope, _AREAS.c.id)).order_by(_AREAS.c.name, _AREAS.c.id)
    return [AreaRow(*row) for row in connection.execute(query)]


def load_area(connection: Connection, area: bytes) -> AreaRow | None:
    """Return one area."""
    row = connection.execute(select(_AREAS).where(_AREAS.c.id == area)).first()
    return None if row is None else AreaRow(*row)


def hold_area(connection: Connection, area: bytes, *, to_remove: bool = False) -> AreaRow | None:
    """Return one area, which nobody removes before this transaction ends: something is about to belong to it.

    With `to_remove` nothing else comes to belong to it meanwhile. SQLite has one writer anyway.
    """
    query = select(_AREAS).where(_AREAS.c.id == area).with_for_update(read=not to_remove)
    row = connection.execute(query).first()
    return None if row is None else AreaRow(*row)


def insert_area(connection: Connection, row: AreaRow) -> bool:
    """Add an area; False where there is one of that name below the same parent."""
    values = {name: getattr(row, name) for name in AreaRow.__slots__}
    statement = make_upsert(connection, _AREAS).values(values).on_conflict_do_nothing()
    return connection.execute(statement.returning(_AREAS.c.id)).one_or_none() is not None


def is_name_taken(connection: Connection, parent: bytes, name: str) -> bool:
    """Tell whether there is an area of this name below a parent."""
    query = select(_AREAS.c.id).where(_AREAS.c.parent == parent, _AREAS.c.name == name)
    return connection.execute(query).first() is not None


def rename_area(connection: Connection, area: bytes, name: str) -> None:
    """Give an area another name. The caller has looked that it is free."""
    connection.execute(update(_AREAS).where(_AREAS.c.id == area).values(name=name))


def delete_area(connection: Connection, area: bytes) -> None:
    """Remove an area. The caller has looked that nothing belongs to it."""
    connection.execute(delete(_AREAS).where(_AREAS.c.id == area))


def count_in_area(connection: Connection, area: bytes) -> int:
    """Return how many areas, venues, waiting hand-overs and accounts belong to an area itself."""
    moves = place_tables.venue_moves
    places = (_AREAS.c.parent, _VENUES.c.station, moves.c.station, _OF_ACCOUNTS.c.area)
    counts = [select(func.count()).where(column == area).scalar_subquery() for column in places]
    return sum(connection.execute(select(*counts)).one())


def count_venues(connection: Connection, scope: Scope) -> dict[bytes, int]:
    """Return how many open venues each station of a scope has."""
    query = select(_VENUES.c.station, func.count()).where(
        limit_venues(scope, _VENUES.c.id), _VENUES.c.is_closed == false()
    )
    return {row[0]: row[1] for row in connection.execute(query.group_by(_VENUES.c.station))}


@lru_cache(maxsize=256)
def _select_below(area: bytes) -> Select[Any]:
    top = select(_AREAS.c.id).where(_AREAS.c.id == area).cte("area_seen", recursive=True)
    # UNION and not UNION ALL: a ring, which nothing here makes, would else have no end.
    tree = top.union(select(_AREAS.c.id).where(_AREAS.c.parent == top.c.id))
    return select(tree.c.id)


@lru_cache(maxsize=256)
def _select_venues(area: bytes) -> Select[Any]:
    return select(_VENUES.c.id).where(_VENUES.c.station.in_(_select_below(area)))
