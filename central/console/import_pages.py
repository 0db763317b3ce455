"""The pages on which a list of venues is checked, shown, and then taken as a whole."""

from __future__ import annotations

from http import HTTPStatus

from flask import Flask, redirect, request, url_for
from flask.typing import ResponseReturnValue

from central.areas import load_tree
from central.console.roles import VENUES
from central.console.scopes import current_scope
from central.errors import FileRefused
from central.store import Store
from central.venue_files import MOST_BYTES, MOST_ROWS
from central.venue_import import VenueImport
from service.pages import shows
from service.pages.access import current
from service.pages.drawing import draw

IMPORT_PATH = "/venues/import"
MOST_IMPORT_BYTES = MOST_BYTES + 16 * 1024  # with the form around it
MOST_SHOWN = 200  # of what would be new or changed; what is bad is shown whole


def add_import_pages(app: Flask, store: Store, imports: VenueImport) -> None:
    """Add the pages of imports."""

    def draw_page(status: int = HTTPStatus.OK, **values: object) -> ResponseReturnValue:
        with store.reading() as connection:
            tree = load_tree(connection, current_scope())
        known = {"problem": "", "plan": None, "draft": "", "tree": tree, "most_rows": MOST_ROWS, "shown": MOST_SHOWN}
        return draw("console/import.html", status, **{**known, **values})

    @shows(app, IMPORT_PATH, roles=VENUES, look=None, methods=("GET", "POST"))
    def import_venues() -> ResponseReturnValue:
        if request.method == "GET":
            return draw_page()
        # The one form that may be longer than any other, for whoever has been admitted.
        request.max_content_length = MOST_IMPORT_BYTES
        sent = request.files.get("file")
        try:
            plan, draft = imports.check(current().name, current_scope(), sent.read(MOST_BYTES + 1) if sent else b"")
        except FileRefused as error:
            return draw_page(HTTPStatus.UNPROCESSABLE_ENTITY, problem=error.field, place=error.place)
        return draw_page(plan=plan, draft=draft.hex() if draft else "")

    @shows(app, "/venues/import/<id:draft>", roles=VENUES, look=None, methods=("POST",))
    def take_import(draft: str) -> ResponseReturnValue:
        try:
            imports.take(current().name, current_scope(), bytes.fromhex(draft))
        except FileRefused as error:
            return draw_page(HTTPStatus.CONFLICT, problem=error.field)
        return redirect(url_for("venues", done="imported"), HTTPStatus.SEE_OTHER)
