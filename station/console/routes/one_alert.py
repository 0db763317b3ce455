"""One alert in full, and how every other route finds, refuses and shows one."""

from __future__ import annotations

from http import HTTPStatus

from flask import Flask, Response, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue

from service.pages import current, shows
from service.pages.drawing import draw
from station.alerts.changes import NOTE_LENGTH, REPORT_LENGTH, TO_LENGTH, TakenStep
from station.alerts.snapshots import Snapshot
from station.alerts.states import ENDED
from station.audit import StationAct
from station.console.colleagues import list_colleagues
from station.console.parts import ConsoleParts
from station.console.shown import ShownAlert, make_place, show_alert
from station.errors import AlertUnknown, StationError
from station.roles import OFFICERS, Role
from station.store.alerts import AlertRow


def add_one_alert(app: Flask, parts: ConsoleParts) -> None:
    """Add the page of one alert."""

    @shows(app, "/alerts/<id:alert>", roles=OFFICERS, look=StationAct.LOOK)
    def alert(alert: str) -> ResponseReturnValue:
        return draw_alert(parts, alert)


def draw_alert(parts: ConsoleParts, alert: str, problem: StationError | None = None) -> Response:
    """Draw an alert, whose look is in the log already, and what was refused about it."""
    row = find_or_abort(parts, alert)
    if row.state in ENDED and not may_look_back(row):
        abort(HTTPStatus.FORBIDDEN)
    # Beside the list it is a part of that page; alone, where there is no script, a page of its own.
    part = "part" if request.headers.get("HX-Target") == "detail" else "alert"
    status = HTTPStatus.CONFLICT if problem and part == "alert" else HTTPStatus.OK
    return draw(f"station/{part}.html", status, **list_shown(parts, row, problem))


def list_shown(parts: ConsoleParts, row: AlertRow, problem: StationError | None = None) -> dict[str, object]:
    """Return what the part of a page that shows an alert in full is drawn with."""
    return {
        "shown": (shown := _show_or_abort(parts, row)),
        "court_contact": parts.book.stations.find_contact(shown.snapshot.decision.court),
        "may_confirm": parts.confirming.may_confirm(row, current().name),
        "problem": problem,
        "belongs_to": parts.book.stations.find(row.station) if parts.book.stations.are_several else None,
        "place": make_place(parts, parts.roster.find_sight(current().name)),
        "colleagues": list_colleagues(parts, current().name),
        # What was typed with an act that was refused is not lost.
        "typed": request.form if problem is not None else {},
        "lengths": {"to": TO_LENGTH, "note": NOTE_LENGTH, "report": REPORT_LENGTH},
    }


def find_or_abort(parts: ConsoleParts, alert: str) -> AlertRow:
    """Return an alert that an address names; 404 where there is none."""
    try:
        return parts.book.find(bytes.fromhex(alert))
    except AlertUnknown:
        abort(HTTPStatus.NOT_FOUND)


def open_or_abort(parts: ConsoleParts, row: AlertRow) -> Snapshot:
    """Return what is kept of an alert; 404 where it was forgotten meanwhile."""
    try:
        return parts.book.open(row)
    except AlertUnknown:
        abort(HTTPStatus.NOT_FOUND)


def _show_or_abort(parts: ConsoleParts, row: AlertRow) -> ShownAlert:
    """Return an alert in full; 404 where it was forgotten meanwhile."""
    snapshot = open_or_abort(parts, row)
    closed_as_other = parts.seconds.count_other_person(snapshot.decision)
    return show_alert(row, snapshot, _list_steps_or_abort(parts, row), closed_as_other)


def _list_steps_or_abort(parts: ConsoleParts, row: AlertRow) -> list[TakenStep]:
    try:
        return parts.book.list_steps(row)
    except AlertUnknown:
        abort(HTTPStatus.NOT_FOUND)


def refuse(parts: ConsoleParts, alert: str, problem: StationError) -> Response:
    """Answer an act that was refused with the alert as it stands, and why.

    Of one that has ended meanwhile, and is this officer's business no more, only why.
    """
    row = find_or_abort(parts, alert)
    if row.state in ENDED and not may_look_back(row):
        return _tell_ended(problem)
    # The page that says so shows the alert: that is a look of its own.
    parts.pages.audit.write(current().name, StationAct.LOOK, alert)
    return draw_alert(parts, alert, problem)


def _tell_ended(problem: StationError) -> Response:
    """Answer without the alert, which has ended, why nothing was done."""
    if request.headers.get("HX-Target") == "detail":
        return draw("station/confirmed.html", problem=problem)
    return draw("station/second_refused.html", HTTPStatus.CONFLICT, problem=problem)


def show_again(parts: ConsoleParts, alert: str) -> ResponseReturnValue:
    """Answer an act that was done with the alert as it stands now."""
    if request.headers.get("HX-Target") != "detail":
        return redirect(url_for("alert", alert=alert), HTTPStatus.SEE_OTHER)
    parts.pages.audit.write(current().name, StationAct.LOOK, alert)
    return draw_alert(parts, alert)


def may_look_back(row: AlertRow) -> bool:
    """Tell whether an ended alert is still this officer's business: who held it, and the supervisor."""
    return row.holder == current().name or str(Role.SUPERVISOR) in current().roles
