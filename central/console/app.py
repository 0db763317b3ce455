"""The console's application: sign-in and own account come from `service.pages`, the rest from here."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from flask import Flask, Response, abort, request
from flask.typing import ResponseReturnValue
from werkzeug.routing import BaseConverter

from central.accounts import open_accounts
from central.areas import AreaBook
from central.audit import ABOUT, Look, open_audit
from central.console.account_pages import add_account_pages
from central.console.area_pages import add_area_pages
from central.console.enrolment import add_enrolment_pages
from central.console.import_pages import IMPORT_PATH, MOST_IMPORT_BYTES, add_import_pages
from central.console.looks import LooksOnce
from central.console.map_pages import add_map_page
from central.console.notice_pages import add_notice_pages
from central.console.overview import load_overview
from central.console.reading import READABLE, read_entries_filter
from central.console.release_pages import add_release_pages
from central.console.report_pages import add_report_pages
from central.console.retention_pages import add_retention_page
from central.console.roles import ACCOUNTS, ADMINISTRATORS, AUDITORS, EVERYBODY, TERMINALS, Role
from central.console.scopes import attach_scopes, current_scope
from central.console.sections import (
    BELOW_ACCOUNTS,
    BELOW_ENROLMENTS,
    BELOW_RELEASES,
    BELOW_TERMINALS,
    BELOW_VENUES,
)
from central.console.standing import add_standing_pages, make_suspensions
from central.console.table import load_table, load_terminal, read_wanted
from central.console.venue_pages import add_venue_pages
from central.console.wording import WORDING
from central.health import check_root_file
from central.parts import Clock, read_clock
from central.people import People
from central.releases import ReleaseShelf
from central.settings import CentralSettings
from central.store import Store, open_store
from central.store.schema import audit_tables
from central.store.totals import FEWEST_HOUSES
from central.venue_import import VenueImport
from central.venues import VenueBook
from service.accounts import ensure_account_key
from service.accounts.passwords import STRONG, Strength
from service.bodies import BodyFirst
from service.logs import configure_logging
from service.pages import NavigationEntry, PageParts, make_pages, shows
from service.pages.access import Access, serves
from service.pages.drawing import draw
from service.pages.guard import MAX_BODY_BYTES, SECURITY_HEADERS
from service.pages.log_reading import load_entries
from service.parent import die_with_parent
from service.settings import load_own_settings

NAVIGATION = (
    NavigationEntry("overview", "nav.overview", "home", EVERYBODY),
    NavigationEntry("terminals", "nav.terminals", "device-desktop", ADMINISTRATORS, BELOW_TERMINALS),
    NavigationEntry("enrolments", "nav.enrolments", "key", TERMINALS, BELOW_ENROLMENTS),
    NavigationEntry("venues", "nav.venues", "building", ADMINISTRATORS, BELOW_VENUES),
    NavigationEntry("venue_map", "nav.map", "map-2", ADMINISTRATORS),
    NavigationEntry("releases", "nav.releases", "package", TERMINALS, BELOW_RELEASES),
    NavigationEntry("accounts", "nav.accounts", "users", ACCOUNTS, BELOW_ACCOUNTS),
    NavigationEntry("report", "nav.report", "chart-bar", EVERYBODY, frozenset({"retention"})),
    NavigationEntry("audit_log", "nav.audit", "list-details", AUDITORS),
)
# People, not terminals: each request is short, and a page asks every fifteen seconds.
AT_ONCE = 8
_EVERYBODY_UNASKED = Access(standings=None)


class _Account(BaseConverter):
    """An account's name in an address."""

    regex = "[a-z][a-z0-9._-]{1,31}"


class _Id(BaseConverter):
    """An id in an address. What is none leads nowhere, and so never into the audit log."""

    regex = "[0-9a-f]{32}"


def create_app() -> Flask:
    """Make the application of a console process from its own settings file (see `service.server`)."""
    die_with_parent()
    settings = load_own_settings(CentralSettings, "central")
    configure_logging("central console", settings.log_level)
    store = open_store(settings.database)
    app = make_app(make_parts(settings, store, read_clock), settings, store)
    app.wsgi_app = BodyFirst(  # type: ignore[method-assign]
        app.wsgi_app, at_once=AT_ONCE, most_bytes=MAX_BODY_BYTES, headers=SECURITY_HEADERS,
        long=frozenset({IMPORT_PATH}), long_bytes=MOST_IMPORT_BYTES,
    )  # fmt: skip
    return app


def make_parts(settings: CentralSettings, store: Store, clock: Clock, strength: Strength = STRONG) -> PageParts:
    """Return what the pages are made of. Raises: AccountKeyRefused, OSError."""
    audit = LooksOnce(open_audit(store, clock), clock)
    accounts, sessions = open_accounts(store, ensure_account_key(settings.account_key), audit, clock, strength)
    # The console starts, and says so, also where the root file is of no use.
    root = check_root_file(settings, clock())[1]
    return PageParts(
        name="central console", accounts=accounts, sessions=sessions, audit=audit, clock=clock, roles=Role,
        texts="central.console", origin=settings.console_origin,
        is_demonstration=root is not None and root.is_demonstration, navigation=NAVIGATION,
    )  # fmt: skip


def make_app(parts: PageParts, settings: CentralSettings, store: Store) -> Flask:
    """Make the application."""
    app = make_pages(parts, "central.console")
    app.url_map.converters |= {"id": _Id, "account": _Account}
    app.jinja_env.globals.update(WORDING, fewest_houses=FEWEST_HOUSES)
    attach_scopes(app, store)
    _add_overview(app, settings, store, parts.clock)
    _add_terminals(app, parts, store)
    add_standing_pages(app, parts, store)
    add_notice_pages(app, parts, store)
    add_enrolment_pages(app, parts, store)
    _add_audit_log(app, store)
    _add_health(app, store)
    _add_places(app, parts, settings, store)
    add_release_pages(app, ReleaseShelf(store, settings.releases, parts.audit, parts.clock))
    add_report_pages(app, store, settings, parts.clock)
    add_retention_page(app, store, parts.clock)
    add_account_pages(app, store, People(store, parts.accounts, parts.audit, parts.clock))
    return app


def _add_places(app: Flask, parts: PageParts, settings: CentralSettings, store: Store) -> None:
    book = VenueBook(store, parts.audit, parts.clock)
    add_venue_pages(app, store, book)
    add_import_pages(app, store, VenueImport(book))
    add_area_pages(app, store, AreaBook(store, parts.audit))
    add_map_page(app, store, settings, parts.clock)


def _add_overview(app: Flask, settings: CentralSettings, store: Store, clock: Clock) -> None:
    @shows(app, "/", roles=EVERYBODY, look=None)
    def overview() -> ResponseReturnValue:
        return _draw_live("console/overview", seen=load_overview(store, settings, current_scope(), clock()))


def _add_terminals(app: Flask, parts: PageParts, store: Store) -> None:
    clock, suspensions = parts.clock, make_suspensions(parts, store)

    @shows(app, "/terminals", roles=ADMINISTRATORS, look=Look.TERMINALS)
    def terminals() -> ResponseReturnValue:
        return _draw_live(
            "console/terminals", table=load_table(store, read_wanted(request.args), current_scope(), clock())
        )

    @shows(app, "/terminals/<id:terminal>", roles=ADMINISTRATORS, look=Look.TERMINAL)
    def terminal(terminal: str) -> ResponseReturnValue:
        found = load_terminal(store, bytes.fromhex(terminal), current_scope(), clock())
        if found is None:
            abort(HTTPStatus.NOT_FOUND)
        asked = suspensions.find_request(bytes.fromhex(terminal))
        return _draw_live("console/terminal", page=found, asked=asked, problem=None)


def _add_audit_log(app: Flask, store: Store) -> None:
    @shows(app, "/audit-log", roles=AUDITORS, look=Look.AUDIT_LOG)
    def audit_log() -> ResponseReturnValue:
        return draw(
            "console/audit_log.html",
            found=load_entries(store, audit_tables, read_entries_filter(request.args), ABOUT),
            acts=READABLE,
        )


def _add_health(app: Flask, store: Store) -> None:
    @serves(app, "/health", _EVERYBODY_UNASKED)
    def health() -> ResponseReturnValue:
        with store.reading():
            return Response(b'{"ready":true}', content_type="application/json")


def _draw_live(name: str, **values: Any) -> ResponseReturnValue:
    """Return a page, or to the script that refreshes it the part of it that changes."""
    part = "_live" if request.headers.get("HX-Target") == "live" else ""
    return draw(f"{name}{part}.html", **values)
