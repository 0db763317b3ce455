"""The page of districts and stations."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

from flask import Flask, redirect, request, url_for
from flask.typing import ResponseReturnValue

from central.areas import AreaBook, load_tree
from central.audit import Look
from central.console.roles import ADMINISTRATORS, VENUES
from central.console.scopes import current_scope
from central.console.venue_table import read_id
from central.errors import AreaRefused
from central.store import Store
from central.store.areas import WHOLE, AreaKind, count_venues
from service.pages import shows
from service.pages.access import current
from service.pages.drawing import draw


def add_area_pages(app: Flask, store: Store, book: AreaBook) -> None:
    """Add the page of areas, and what can be done on it."""

    def draw_page(problem: str = "") -> ResponseReturnValue:
        with store.reading() as connection:
            tree, counts = load_tree(connection, current_scope()), count_venues(connection, current_scope())
        status, done = HTTPStatus.CONFLICT if problem else HTTPStatus.OK, request.args.get("done", "")
        return draw(
            "console/areas.html", status, tree=tree, counts=counts, problem=problem, done=done,
            whole=WHOLE if current_scope().is_whole else None,
        )  # fmt: skip

    def act(done: str, change: Callable[[], object]) -> ResponseReturnValue:
        try:
            change()
        except AreaRefused as error:
            return draw_page(error.field)
        return redirect(url_for("areas", done=done), HTTPStatus.SEE_OTHER)

    @shows(app, "/areas", roles=ADMINISTRATORS, look=Look.AREAS)
    def areas() -> ResponseReturnValue:
        return draw_page()

    @shows(app, "/areas", roles=VENUES, look=None, methods=("POST",))
    def add_area() -> ResponseReturnValue:
        kind = AreaKind.STATION if request.form.get("kind") == AreaKind.STATION else AreaKind.DISTRICT
        parent, name = read_id(request.form.get("parent", "")) or b"", request.form.get("name", "")
        return act("added", lambda: book.add(current().name, current_scope(), kind, name, parent))

    @shows(app, "/areas/<id:area>/rename", roles=VENUES, look=None, methods=("POST",))
    def rename_area(area: str) -> ResponseReturnValue:
        name = request.form.get("name", "")
        return act("renamed", lambda: book.rename(current().name, current_scope(), bytes.fromhex(area), name))

    @shows(app, "/areas/<id:area>/remove", roles=VENUES, look=None, methods=("POST",))
    def remove_area(area: str) -> ResponseReturnValue:
        return act("removed", lambda: book.remove(current().name, current_scope(), bytes.fromhex(area)))
