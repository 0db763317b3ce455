"""The pages about venues: the table, one venue, its form, and its hand-over between stations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus

from flask import Flask, Response, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue

from central.areas import AreaTree, load_tree
from central.audit import CentralAct, Look
from central.console.roles import ADMINISTRATORS, VENUES
from central.console.scopes import current_scope
from central.console.venue_table import load_venues, read_id, read_wanted_venues
from central.errors import CentralError, VenueRefused
from central.store import Store
from central.store.areas import EVERYTHING, AreaKind, AreaRow, Scope, list_areas, load_area
from central.store.venues import (
    MoveRow,
    VenueRow,
    WantedVenues,
    list_moves,
    list_terminals_of,
    list_venues,
    load_move,
    load_venue,
)
from central.venue_files import write_file
from central.venue_rules import FIELDS, Problem, VenueFields, read_kind, read_venue, write_coordinate
from central.venues import VenueBook, describe
from records.profile import VenueKind
from service.pages import shows
from service.pages.access import current
from service.pages.drawing import draw, get_words


@dataclass(frozen=True, slots=True)
class VenuePage:
    """One venue by itself."""

    row: VenueRow
    tree: AreaTree
    terminals: list[tuple[bytes, str]]
    move: MoveRow | None
    stations: list[tuple[AreaRow, str]]  # where it may be handed over to, outside the scope too

    @property
    def station(self) -> str:
        """The path of its station."""
        return self.tree.paths.get(self.row.station, "")


@dataclass(frozen=True, slots=True)
class WaitingMove:
    """A hand-over that waits, and what whoever looks may do."""

    move: MoveRow
    venue: VenueRow
    source: str
    target: str
    may_accept: bool


def add_venue_pages(app: Flask, store: Store, book: VenueBook) -> None:
    """Add the pages about venues."""
    app.jinja_env.globals.update(venue_kinds=tuple(VenueKind), write_coordinate=write_coordinate)
    _add_table(app, store)
    _add_one(app, store, book)
    _add_form(app, store, book)
    _add_moves(app, store, book)


def _add_table(app: Flask, store: Store) -> None:
    @shows(app, "/venues", roles=ADMINISTRATORS, look=Look.VENUES)
    def venues() -> ResponseReturnValue:
        table = load_venues(store, read_wanted_venues(request.args), current_scope())
        return draw("console/venues.html", table=table, done=request.args.get("done", ""))

    @shows(app, "/venues.csv", roles=VENUES, look=CentralAct.EXPORT_VENUES)
    def export_venues() -> ResponseReturnValue:
        with store.reading() as connection:
            tree = load_tree(connection, current_scope())
            rows = [(describe(row), tree.paths.get(row.station, ""))
                    for row in list_venues(connection, WantedVenues(), current_scope())]  # fmt: skip
        return send_file("".join(write_file(rows, name_columns())), "venues.csv")

    @shows(app, "/venues/template.csv", roles=VENUES, look=None)
    def venue_template() -> ResponseReturnValue:
        return send_file("".join(write_file((), name_columns())), "venues-template.csv")


def _add_one(app: Flask, store: Store, book: VenueBook) -> None:
    @shows(app, "/venues/<id:venue>", roles=ADMINISTRATORS, look=Look.VENUE)
    def venue(venue: str) -> ResponseReturnValue:
        return draw("console/venue.html", page=_load(store, venue), problem="", done=request.args.get("done", ""))

    def act(venue: str, done: str, change: Callable[[], None]) -> ResponseReturnValue:
        try:
            change()
        except VenueRefused as error:
            page = _load(store, venue)
            return draw("console/venue.html", HTTPStatus.CONFLICT, page=page, problem=error.field, done="")
        return redirect(url_for("venue", venue=venue, done=done), HTTPStatus.SEE_OTHER)

    @shows(app, "/venues/<id:venue>/close", roles=VENUES, look=None, methods=("POST",))
    def close_venue(venue: str) -> ResponseReturnValue:
        id_ = bytes.fromhex(venue)
        return act(venue, "closed", lambda: book.close(current().name, current_scope(), id_))

    @shows(app, "/venues/<id:venue>/reopen", roles=VENUES, look=None, methods=("POST",))
    def reopen_venue(venue: str) -> ResponseReturnValue:
        id_ = bytes.fromhex(venue)
        return act(venue, "reopened", lambda: book.reopen(current().name, current_scope(), id_))

    @shows(app, "/venues/<id:venue>/hand-over", roles=VENUES, look=None, methods=("POST",))
    def propose_move(venue: str) -> ResponseReturnValue:
        id_, station = bytes.fromhex(venue), read_id(request.form.get("station", "")) or b""
        return act(venue, "proposed", lambda: book.propose_move(current().name, current_scope(), id_, station))


def _add_form(app: Flask, store: Store, book: VenueBook) -> None:
    @shows(app, "/venues/new", roles=VENUES, look=None, methods=("GET", "POST"))
    def new_venue() -> ResponseReturnValue:
        if request.method == "GET":
            return draw_form({}, [], None)
        fields, problems = _read_form(store, request.form)
        if fields is not None:
            try:
                made = book.add(current().name, current_scope(), fields)
                return redirect(url_for("venue", venue=made.hex(), done="added"), HTTPStatus.SEE_OTHER)
            except VenueRefused as error:
                problems = [_blame(error)]
        return draw_form(request.form, problems, None, HTTPStatus.UNPROCESSABLE_ENTITY)

    @shows(app, "/venues/<id:venue>/change", roles=VENUES, look=Look.VENUE, methods=("GET", "POST"))
    def change_venue(venue: str) -> ResponseReturnValue:
        page = _load(store, venue)
        if request.method == "GET":
            return draw_form(_fill_form(page.row), [], page)
        # Its station changes by hand-over alone, whatever a form says.
        fields, problems = _read_form(store, {**request.form, "station": page.row.station.hex()})
        if fields is not None:
            try:
                book.change(current().name, current_scope(), page.row.id, fields)
                return redirect(url_for("venue", venue=venue, done="changed"), HTTPStatus.SEE_OTHER)
            except VenueRefused as error:
                problems = [_blame(error)]
        return draw_form(request.form, problems, page, HTTPStatus.UNPROCESSABLE_ENTITY)

    def draw_form(
        typed: Mapping[str, str], problems: list[Problem], page: VenuePage | None, status: int = HTTPStatus.OK
    ) -> ResponseReturnValue:
        with store.reading() as connection:
            tree = load_tree(connection, current_scope())
        faults = {each.field: each.key for each in problems}
        return draw("console/venue_form.html", status, typed=typed, faults=faults, page=page, tree=tree)


def _add_moves(app: Flask, store: Store, book: VenueBook) -> None:
    def draw_list(problem: str = "") -> ResponseReturnValue:
        found = _load_moves(store, current_scope(), current().name, book)
        status = HTTPStatus.CONFLICT if problem else HTTPStatus.OK
        done = request.args.get("done", "")
        return draw("console/hand_overs.html", status, moves=found, problem=problem, done=done)

    def act(done: str, change: Callable[[], None]) -> ResponseReturnValue:
        try:
            change()
        except VenueRefused as error:
            return draw_list(error.field)
        return redirect(url_for("hand_overs", done=done), HTTPStatus.SEE_OTHER)

    @shows(app, "/hand-overs", roles=VENUES, look=Look.VENUES)
    def hand_overs() -> ResponseReturnValue:
        return draw_list()

    @shows(app, "/hand-overs/<id:moving>/accept", roles=VENUES, look=None, methods=("POST",))
    def accept_move(moving: str) -> ResponseReturnValue:
        return act("accepted", lambda: book.accept_move(current().name, current_scope(), bytes.fromhex(moving)))

    @shows(app, "/hand-overs/<id:moving>/drop", roles=VENUES, look=None, methods=("POST",))
    def drop_move(moving: str) -> ResponseReturnValue:
        return act("dropped", lambda: book.drop_move(current().name, current_scope(), bytes.fromhex(moving)))


def name_columns() -> list[str]:
    """Return what the columns of a file are called in the language of the page."""
    words = get_words()
    return [words(f"venue_column.{each}") for each in FIELDS]


def send_file(text: str, name: str) -> Response:
    """Return a text as a file to keep."""
    head = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(text.encode(), content_type="text/csv; charset=utf-8", headers=head)


def _load(store: Store, venue: str) -> VenuePage:
    with store.reading() as connection:
        row = load_venue(connection, bytes.fromhex(venue))
        if row is None:
            abort(HTTPStatus.NOT_FOUND)
        tree = load_tree(connection, current_scope())
        # Where a venue may go is no secret: names of stations, and nothing of their venues.
        whole = AreaTree(list_areas(connection, EVERYTHING))
        stations = [(each, whole.paths[each.id]) for each in whole.stations if each.id != row.station]
        return VenuePage(row, tree, list_terminals_of(connection, row.id), load_move(connection, row.id), stations)


def _load_moves(store: Store, scope: Scope, name: str, book: VenueBook) -> list[WaitingMove]:
    with store.reading() as connection:
        paths = AreaTree(list_areas(connection, EVERYTHING)).paths
        own = {row.id for row in list_areas(connection, scope) if row.kind == AreaKind.STATION}
        return [
            WaitingMove(
                move, venue, paths.get(venue.station, ""), paths.get(move.station, ""),
                move.proposed_by != name and move.station in own,
            )
            for move, venue in list_moves(connection, scope, book.oldest_s())
        ]  # fmt: skip


def _read_form(store: Store, form: Mapping[str, str]) -> tuple[VenueFields | None, list[Problem]]:
    typed = {each: form.get(each, "") for each in FIELDS}
    scope = current_scope()

    def find_station(text: str) -> bytes | None:
        id_ = read_id(text)
        with store.reading() as connection:
            row = load_area(connection, id_) if id_ else None
            known = {each.id for each in list_areas(connection, scope)}
        return row.id if row is not None and row.kind == AreaKind.STATION and row.id in known else None

    return read_venue(typed, read_kind, find_station)


def _fill_form(row: VenueRow) -> dict[str, str]:
    return {
        "licence": row.licence, "kind": row.kind, "name": row.name, "address": row.address, "rooms": str(row.rooms),
        "latitude": write_coordinate(row.latitude), "longitude": write_coordinate(row.longitude),
        "station": row.station.hex(),
    }  # fmt: skip


def _blame(error: CentralError) -> Problem:
    """Return which field of the form a refusal is about."""
    known = {"licence_taken": Problem("licence", "taken"), "hand_over": Problem("station", "hand_over")}
    return known.get(error.field, Problem("station", "unknown") if error.field == "station" else Problem("row", "gone"))
