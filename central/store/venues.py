"""The venues, and the hand-overs that wait for somebody. Each query of a page is within a scope."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, delete, false, func, insert, or_, select, true, update
from sqlalchemy.exc import IntegrityError

from central.store.areas import Scope, limit_areas, limit_venues
from central.store.base import Connection, make_upsert
from central.store.schema import heartbeats, place_tables, terminals
from central.store.terminal_pages import Bounds, Show, list_conditions
from central.store.terminals import TerminalState
from central.venue_rules import VenueFields

_VENUES, _MOVES = place_tables.venues, place_tables.venue_moves
_AT_ONCE = 5000  # values of one statement
_NO_TERMINALS = (0, 0, 0)


@dataclass(frozen=True, slots=True)
class VenueRow:
    """One venue. Ids are 16 raw bytes, coordinates millionths of a degree."""

    id: bytes
    licence: str
    kind: str
    name: str
    address: str
    latitude: int | None
    longitude: int | None
    rooms: int
    station: bytes
    is_closed: bool
    changed_at: int


@dataclass(frozen=True, slots=True)
class MoveRow:
    """A hand-over that waits."""

    venue: bytes
    station: bytes
    proposed_by: str
    proposed_at: int


class ShowVenues(StrEnum):
    """Which venues a page shows."""

    OPEN = "open"
    CLOSED = "closed"
    UNPLACED = "unplaced"  # without coordinates
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Box:
    """A part of the map, millionths of a degree."""

    south: int
    west: int
    north: int
    east: int


@dataclass(frozen=True, slots=True)
class WantedVenues:
    """One page of venues. `text` is looked for in licence, name and address."""

    text: str = ""
    kind: str = ""
    area: bytes | None = None  # with everything below it
    show: ShowVenues = ShowVenues.OPEN
    box: Box | None = None
    first: int = 0
    most: int = 50


@dataclass(frozen=True, slots=True)
class PlacedVenue:
    """A venue on the map with its terminals' health: how many, and how many in trouble or late."""

    id: bytes
    name: str
    latitude: int
    longitude: int
    terminals: int
    troubled: int
    late: int


def find_venues(connection: Connection, wanted: WantedVenues, scope: Scope) -> tuple[list[VenueRow], int]:
    """Return one page of venues by name, and how many there are on all of its pages."""
    chosen = and_(limit_venues(scope, _VENUES.c.id), _matches(wanted))
    count = select(func.count()).select_from(_VENUES).where(chosen)
    query = select(_VENUES).where(chosen).order_by(_VENUES.c.name, _VENUES.c.id)
    rows = connection.execute(query.offset(wanted.first).limit(wanted.most))
    return [VenueRow(*row) for row in rows], connection.execute(count).scalar_one()


def list_venues(connection: Connection, wanted: WantedVenues, scope: Scope) -> Iterable[VenueRow]:
    """Return every venue that is wanted, by licence."""
    chosen = and_(limit_venues(scope, _VENUES.c.id), _matches(wanted))
    return (VenueRow(*row) for row in connection.execute(select(_VENUES).where(chosen).order_by(_VENUES.c.licence)))


def load_venue(connection: Connection, venue: bytes, *, lock: bool = False) -> VenueRow | None:
    """Return one venue. Who may see it was asked before. With `lock` nobody changes it before the transaction ends."""
    query = select(_VENUES).where(_VENUES.c.id == venue)
    row = connection.execute(query.with_for_update() if lock else query).first()
    return None if row is None else VenueRow(*row)


def load_licences(connection: Connection, licences: Collection[str]) -> dict[str, VenueRow]:
    """Return the venues that have one of these licences, whoever may see them: a licence is there once."""
    found: dict[str, VenueRow] = {}
    ordered = sorted(licences)
    for first in range(0, len(ordered), _AT_ONCE):
        query = select(_VENUES).where(_VENUES.c.licence.in_(ordered[first : first + _AT_ONCE]))
        found |= {row.licence: VenueRow(*row) for row in connection.execute(query)}
    return found


def insert_venues(connection: Connection, new: Iterable[tuple[bytes, VenueFields]], now_s: int) -> bool:
    """Add open venues; False where one of the licences is there already: the transaction must end without it then."""
    rows = [{**_values(fields), "id": id_, "is_closed": False, "changed_at": now_s} for id_, fields in new]
    try:
        if rows:
            connection.execute(insert(_VENUES), rows)
    except IntegrityError:
        return False
    return True


def update_venue(connection: Connection, venue: bytes, fields: VenueFields, now_s: int) -> bool:
    """Change what a venue is described by; False where another station has it by now, which stays so."""
    values = {**_values(fields), "changed_at": now_s}
    chosen = _VENUES.c.id == venue, _VENUES.c.station == fields.station
    return connection.execute(update(_VENUES).where(*chosen).values(values)).rowcount == 1


def set_closed(connection: Connection, venue: bytes, now_s: int, *, is_closed: bool) -> None:
    """Close or reopen a venue."""
    values = {"is_closed": is_closed, "changed_at": now_s}
    connection.execute(update(_VENUES).where(_VENUES.c.id == venue).values(values))


def list_terminals_of(connection: Connection, venue: bytes) -> list[tuple[bytes, str]]:
    """Return id and state of a venue's terminals."""
    query = select(terminals.c.id, terminals.c.state).where(terminals.c.venue == venue).order_by(terminals.c.id)
    return [(row.id, row.state) for row in connection.execute(query)]


def count_living_terminals(connection: Connection, venue: bytes) -> int:
    """Return how many of a venue's terminals are neither revoked nor replaced."""
    query = select(func.count()).select_from(terminals).where(terminals.c.venue == venue, _is_living())
    return connection.execute(query).scalar_one()


def count_terminals(connection: Connection, venues: Collection[bytes]) -> dict[bytes, int]:
    """Return how many terminals that are neither revoked nor replaced each of some venues has."""
    query = select(terminals.c.venue, func.count()).where(terminals.c.venue.in_(venues), _is_living())
    return {row[0]: row[1] for row in connection.execute(query.group_by(terminals.c.venue))}


def list_placed(connection: Connection, bounds: Bounds, scope: Scope) -> list[PlacedVenue]:
    """Return the open venues that have coordinates, with the health of their terminals."""
    conditions = list_conditions(bounds)
    counted: dict[str, ColumnElement[bool]] = {"terminals": _is_living()}
    counted |= {"troubled": conditions[Show.TROUBLED], "late": conditions[Show.LATE]}
    # Summed up by venue first: grouping ten thousand names and addresses takes the engine ten times as long.
    sums = [func.sum(case((each, 1), else_=0)).label(name) for name, each in counted.items()]
    joined = terminals.outerjoin(heartbeats, heartbeats.c.terminal == terminals.c.id)
    health = select(terminals.c.venue, *sums).select_from(joined).where(limit_venues(scope, terminals.c.venue))
    # Fetched whole: row by row takes longer than the query.
    found = {venue: figures for venue, *figures in connection.execute(health.group_by(terminals.c.venue)).all()}
    query: Select[Any] = select(_VENUES.c.id, _VENUES.c.name, _VENUES.c.latitude, _VENUES.c.longitude).where(
        limit_venues(scope, _VENUES.c.id), _VENUES.c.is_closed == false(), _VENUES.c.latitude.is_not(None)
    )
    rows = connection.execute(query.order_by(_VENUES.c.name, _VENUES.c.id)).all()
    return [PlacedVenue(*row, *found.get(row[0], _NO_TERMINALS)) for row in rows]


def insert_move(connection: Connection, row: MoveRow) -> bool:
    """Propose a hand-over; False where one waits already."""
    values = {name: getattr(row, name) for name in MoveRow.__slots__}
    statement = make_upsert(connection, _MOVES).values(values).on_conflict_do_nothing()
    return connection.execute(statement.returning(_MOVES.c.venue)).one_or_none() is not None


def load_move(connection: Connection, venue: bytes) -> MoveRow | None:
    """Return the hand-over of a venue that waits."""
    row = connection.execute(select(_MOVES).where(_MOVES.c.venue == venue)).first()
    return None if row is None else MoveRow(*row)


def list_moves(connection: Connection, scope: Scope, since: int) -> list[tuple[MoveRow, VenueRow]]:
    """Return the hand-overs proposed since a time from or to a scope, each with its venue, the oldest first."""
    within = or_(limit_venues(scope, _MOVES.c.venue), limit_areas(scope, _MOVES.c.station))
    query = select(_MOVES, _VENUES).join(_VENUES, _VENUES.c.id == _MOVES.c.venue)
    query = query.where(within, _MOVES.c.proposed_at > since).order_by(_MOVES.c.proposed_at, _MOVES.c.venue)
    width = len(MoveRow.__slots__)
    return [(MoveRow(*row[:width]), VenueRow(*row[width:])) for row in connection.execute(query)]


def take_move(connection: Connection, venue: bytes) -> MoveRow | None:
    """Remove a hand-over that waits, and return it; only one of two who do so at once gets it."""
    row = connection.execute(delete(_MOVES).where(_MOVES.c.venue == venue).returning(*_MOVES.c)).first()
    return None if row is None else MoveRow(*row)


def give_to_station(connection: Connection, venue: bytes, station: bytes, now_s: int) -> None:
    """Give a venue to another station."""
    connection.execute(update(_VENUES).where(_VENUES.c.id == venue).values(station=station, changed_at=now_s))


def write_draft(connection: Connection, draft: bytes, account: str, body: bytes, now_s: int) -> None:
    """Keep a checked file for an account, instead of an earlier one."""
    drafts = place_tables.import_drafts
    connection.execute(delete(drafts).where(drafts.c.account == account))
    connection.execute(insert(drafts).values(id=draft, account=account, made_at=now_s, body=body))


def load_draft(connection: Connection, draft: bytes, account: str, since: int) -> bytes | None:
    """Return the rows of a checked file that an account sent since a time."""
    drafts = place_tables.import_drafts
    is_own = and_(drafts.c.id == draft, drafts.c.account == account, drafts.c.made_at > since)
    return connection.execute(select(drafts.c.body).where(is_own)).scalar_one_or_none()


def forget_drafts(connection: Connection, account: str, before: int) -> None:
    """Forget an account's draft, and those of others that are older than a time."""
    drafts = place_tables.import_drafts
    connection.execute(delete(drafts).where(or_(drafts.c.account == account, drafts.c.made_at < before)))


def _is_living() -> ColumnElement[bool]:
    return terminals.c.state.not_in([each.value for each in TerminalState if each.is_final])


def _values(fields: VenueFields) -> dict[str, object]:
    return {name: getattr(fields, name) for name in VenueFields.__slots__} | {"kind": fields.kind.value}


def _matches(wanted: WantedVenues) -> ColumnElement[bool]:
    columns, text = _VENUES.c, wanted.text.strip().lower()
    shown = {
        ShowVenues.OPEN: columns.is_closed == false(),
        ShowVenues.CLOSED: columns.is_closed == true(),
        ShowVenues.UNPLACED: and_(columns.is_closed == false(), columns.latitude.is_(None)),
        ShowVenues.ALL: true(),
    }
    found = [shown[wanted.show]]
    if text:
        searched = (columns.licence, columns.name, columns.address)
        found.append(or_(*(func.lower(each).contains(text, autoescape=True) for each in searched)))
    if wanted.kind:
        found.append(columns.kind == wanted.kind)
    if wanted.area is not None:
        found.append(limit_areas(Scope(wanted.area), columns.station))
    if wanted.box is not None:
        found.append(columns.latitude.between(wanted.box.south, wanted.box.north))
        found.append(columns.longitude.between(wanted.box.west, wanted.box.east))
    return and_(*found)
