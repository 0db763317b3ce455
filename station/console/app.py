"""The officers' application: log-in and own account come from `service.pages`, the alerts from here."""

from __future__ import annotations

from http import HTTPStatus

from flask import Flask, abort, request
from werkzeug.routing import BaseConverter

from records.comparing.mail import Outcome
from service.pages import NavigationEntry, make_pages
from service.pages.access import find_current
from station.console.parts import ConsoleParts
from station.console.routes.acts import add_acts
from station.console.routes.boards import add_boards
from station.console.routes.handing import add_handing
from station.console.routes.listing import add_listing
from station.console.routes.notes import add_notes
from station.console.routes.one_alert import add_one_alert
from station.console.routes.papers import add_papers
from station.console.routes.second_looks import add_second_looks
from station.errors import AlertUnknown
from station.roles import AUDITORS, BOARD_READERS, EVERYBODY, OFFICERS

NAVIGATION = (
    NavigationEntry("alerts", "nav.alerts", "alert-triangle", OFFICERS),
    NavigationEntry("second_looks", "nav.second", "check", OFFICERS),
    NavigationEntry("boards", "nav.boards", "chart-bar", BOARD_READERS),
    NavigationEntry("search", "nav.search", "info-circle", EVERYBODY),
    NavigationEntry("audit_log", "nav.audit", "shield-lock", AUDITORS),
)
TEXTS = "station.console"
# A page that has heard nothing for so long says that the line is lost: two beats and a half of the stream. With the
# half second of its own watch, and the second of a hidden tab's, less than ten.
SILENT_MS = 8_000
# Each module of `routes` adds its own.
ROUTES = (add_listing, add_one_alert, add_acts, add_handing, add_notes, add_second_looks, add_boards, add_papers)


class _Id(BaseConverter):
    """An alert's id in an address. What is none leads nowhere, and so never into the audit log."""

    regex = "[0-9a-f]{32}"


def make_app(parts: ConsoleParts) -> Flask:
    """Make the pages."""
    app = make_pages(parts.pages, "station.console")
    app.url_map.converters["id"] = _Id
    app.jinja_env.globals.update(outcomes=tuple(Outcome), silent_ms=SILENT_MS, officers=tuple(map(str, OFFICERS)))
    _attach_sight(app, parts)
    for add_routes in ROUTES:
        add_routes(app, parts)
    return app


def _attach_sight(app: Flask, parts: ConsoleParts) -> None:
    """Let no route, of whichever module, answer about an alert that is not its officer's to see."""

    def check() -> None:
        account, alert = find_current(), (request.view_args or {}).get("alert")
        if account is None or alert is None:
            return
        sight = parts.roster.find_sight(account.name)
        try:
            row = parts.book.find(bytes.fromhex(alert))
        except AlertUnknown:
            return  # of which no view shows anything
        # As if there were none: nobody learns that another station has one.
        if sight is None or not sight.covers(row.station, is_supervised=row.is_supervised):
            abort(HTTPStatus.NOT_FOUND)

    app.before_request(check)
