"""The officers' application: log-in and own account come from `service.pages`, the alerts from here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

from flask import Flask, Response, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.routing import BaseConverter

from records.comparing.mail import Outcome
from service.pages import NavigationEntry, PageParts, current, make_pages, shows
from service.pages.access import Access, serves
from service.pages.drawing import draw
from station.alerts.book import AlertBook
from station.alerts.snapshots import Snapshot
from station.alerts.states import ENDED
from station.audit import StationAct
from station.console.reading import load_entries
from station.console.shown import ListedAlert, ShownAlert, show_alert
from station.errors import AlertUnknown, StationError
from station.roles import AUDITORS, EVERYBODY, OFFICERS, SUPERVISORS, Role
from station.store.alerts import AlertRow
from station.store.events import find_last

NAVIGATION = (
    NavigationEntry("alerts", "nav.alerts", "alert-triangle", OFFICERS),
    NavigationEntry("search", "nav.search", "info-circle", EVERYBODY),
    NavigationEntry("audit_log", "nav.audit", "shield-lock", AUDITORS),
)
TEXTS = "station.console"
# A page that has heard nothing for so long says that the line is lost: two beats and a half of the stream. With the
# half second of its own watch, and the second of a hidden tab's, less than ten.
SILENT_MS = 8_000
_EVERYBODY_UNASKED = Access(standings=None)
WriteLetters = Callable[[Snapshot, Outcome], tuple[bytes, ...]]


class _Id(BaseConverter):
    """An alert's id in an address. What is none leads nowhere, and so never into the audit log."""

    regex = "[0-9a-f]{32}"


@dataclass(frozen=True, slots=True)
class ConsoleParts:
    """What the pages are made of."""

    book: AlertBook
    pages: PageParts
    find_standing: Callable[[], str]
    write_letters: WriteLetters


def make_app(parts: ConsoleParts) -> Flask:
    """Make the pages."""
    app = make_pages(parts.pages, "station.console")
    app.url_map.converters["id"] = _Id
    app.jinja_env.globals.update(outcomes=tuple(Outcome), silent_ms=SILENT_MS)
    _add_list(app, parts)
    _add_alert(app, parts)
    _add_acts(app, parts)
    _add_papers(app, parts)
    return app


def _add_list(app: Flask, parts: ConsoleParts) -> None:
    @shows(app, "/", roles=OFFICERS, look=None)
    def alerts() -> ResponseReturnValue:
        # Before the list is read: what is committed between the two is told once more, never not at all.
        with parts.book.store.reading() as connection:
            last = find_last(connection)
        part = "list" if request.headers.get("HX-Target") == "live" else "alerts"
        return draw(
            f"station/{part}.html",
            last=last,
            standing=parts.find_standing(),
            open=[ListedAlert(row) for row in parts.book.list_open()],
            ended=[ListedAlert(row) for row in parts.book.list_ended()],
            refused=parts.book.read_count("refused:"),
        )

    @shows(app, "/signed-in", roles=OFFICERS, look=None)
    def signed_in() -> ResponseReturnValue:
        # What the stream's worker asks when it was cut off: does the line fail, or is nobody signed in any more?
        return Response(status=HTTPStatus.NO_CONTENT)


def _add_alert(app: Flask, parts: ConsoleParts) -> None:
    @shows(app, "/alerts/<id:alert>", roles=OFFICERS, look=StationAct.LOOK)
    def alert(alert: str) -> ResponseReturnValue:
        return _draw_alert(parts, alert)

    @shows(app, "/alerts/<id:alert>/note", roles=OFFICERS, look=StationAct.NOTE)
    def note(alert: str) -> ResponseReturnValue:
        # Nobody's data is in it: for whoever was stopped, to take along.
        row = _find_or_abort(parts, alert)
        return draw("station/note.html", listed=ListedAlert(row), decision=_open_or_abort(parts, row).decision)


def _add_acts(app: Flask, parts: ConsoleParts) -> None:
    @shows(app, "/alerts/<id:alert>/accept", roles=OFFICERS, look=StationAct.ACCEPT, methods=("POST",))
    def accept(alert: str) -> ResponseReturnValue:
        try:
            parts.book.accept(bytes.fromhex(alert), current().name)
        except StationError as problem:
            return _refuse(parts, alert, problem)
        return _show_again(parts, alert)

    @shows(app, "/alerts/<id:alert>/take-over", roles=SUPERVISORS, look=StationAct.TAKE_OVER, methods=("POST",))
    def take_over(alert: str) -> ResponseReturnValue:
        try:
            parts.book.take_over(bytes.fromhex(alert), current().name, held_by=request.form.get("held_by", ""))
        except StationError as problem:
            return _refuse(parts, alert, problem)
        return _show_again(parts, alert)

    @shows(app, "/alerts/<id:alert>/close", roles=OFFICERS, look=StationAct.CLOSE, methods=("POST",))
    def close(alert: str) -> ResponseReturnValue:
        outcome = request.form.get("outcome", "")
        if outcome not in set(Outcome):
            return _refuse(parts, alert, _OutcomeMissing())
        row = _find_or_abort(parts, alert)
        letters = parts.write_letters(_open_or_abort(parts, row), Outcome(outcome))
        try:
            parts.book.close(row.id, current().name, Outcome(outcome), letters)
        except StationError as problem:
            return _refuse(parts, alert, problem)
        return _show_again(parts, alert)


def _add_papers(app: Flask, parts: ConsoleParts) -> None:
    @shows(app, "/search", roles=EVERYBODY, look=None)
    def search() -> ResponseReturnValue:
        return draw("station/search.html")

    @shows(app, "/audit-log", roles=AUDITORS, look=StationAct.AUDIT_LOG)
    def audit_log() -> ResponseReturnValue:
        return draw("station/audit_log.html", found=load_entries(parts.book.store, request.args))

    @serves(app, "/health", _EVERYBODY_UNASKED)
    def health() -> ResponseReturnValue:
        with parts.book.store.reading():
            return Response(b'{"ready":true}', content_type="application/json")


class _OutcomeMissing(StationError):
    """An alert is closed with an outcome only."""

    code = "outcome"


def _draw_alert(parts: ConsoleParts, alert: str, problem: StationError | None = None) -> Response:
    row = _find_or_abort(parts, alert)
    if row.state in ENDED and not _may_look_back(row):
        abort(HTTPStatus.FORBIDDEN)
    shown: ShownAlert = show_alert(row, _open_or_abort(parts, row))
    # Beside the list it is a part of that page; alone, where there is no script, a page of its own.
    part = "part" if request.headers.get("HX-Target") == "detail" else "alert"
    status = HTTPStatus.CONFLICT if problem and part == "alert" else HTTPStatus.OK
    return draw(f"station/{part}.html", status, shown=shown, problem=problem)


def _may_look_back(row: AlertRow) -> bool:
    """Tell whether an ended alert is still this officer's business: who held it, and the supervisor."""
    return row.holder == current().name or str(Role.SUPERVISOR) in current().roles


def _find_or_abort(parts: ConsoleParts, alert: str) -> AlertRow:
    try:
        return parts.book.find(bytes.fromhex(alert))
    except AlertUnknown:
        abort(HTTPStatus.NOT_FOUND)


def _open_or_abort(parts: ConsoleParts, row: AlertRow) -> Snapshot:
    try:
        return parts.book.open(row)
    except AlertUnknown:
        abort(HTTPStatus.NOT_FOUND)  # forgotten between the two looks


def _refuse(parts: ConsoleParts, alert: str, problem: StationError) -> Response:
    # The page that says so shows the alert: that is a look of its own.
    parts.pages.audit.write(current().name, StationAct.LOOK, alert)
    return _draw_alert(parts, alert, problem)


def _show_again(parts: ConsoleParts, alert: str) -> ResponseReturnValue:
    if request.headers.get("HX-Target") != "detail":
        return redirect(url_for("alert", alert=alert), HTTPStatus.SEE_OTHER)
    parts.pages.audit.write(current().name, StationAct.LOOK, alert)
    return _draw_alert(parts, alert)
