"""What officers do about an alert. Each act is in the audit log before it is done."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

from flask import Flask, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue

from records.comparing.mail import Outcome
from service.pages import current, shows
from service.pages.drawing import draw
from station.alerts.book import AlertBook
from station.alerts.changes import read_written
from station.alerts.confirming import propose_outcome, takes_two
from station.audit import StationAct
from station.console.parts import ConsoleParts
from station.console.routes.one_alert import find_or_abort, open_or_abort, refuse, show_again
from station.errors import AlertUnknown, InOtherHands, OutcomeMissing, StationError
from station.roles import OFFICERS, SUPERVISORS
from station.store.alerts import AlertRow


def add_acts(app: Flask, parts: ConsoleParts) -> None:
    """Add the acts to the application."""
    _add_taking(app, parts)
    _add_working(app, parts)
    _add_ending(app, parts)
    _add_confirming(app, parts)


def _add_taking(app: Flask, parts: ConsoleParts) -> None:
    @shows(app, "/alerts/<id:alert>/accept", roles=OFFICERS, look=StationAct.ACCEPT, methods=("POST",))
    def accept(alert: str) -> ResponseReturnValue:
        return _act(parts, alert, lambda book, row: book.accept(row, current().name))

    @shows(app, "/alerts/<id:alert>/take-over", roles=SUPERVISORS, look=StationAct.TAKE_OVER, methods=("POST",))
    def take_over(alert: str) -> ResponseReturnValue:
        held_by = request.form.get("held_by", "")
        return _act(parts, alert, lambda book, row: book.take_over(row, current().name, held_by=held_by))


def _add_working(app: Flask, parts: ConsoleParts) -> None:
    @shows(app, "/alerts/<id:alert>/dispatch", roles=OFFICERS, look=StationAct.DISPATCH, methods=("POST",))
    def dispatch(alert: str) -> ResponseReturnValue:
        written = read_written(request.form.get("to", ""), request.form.get("note", ""))
        return _act(parts, alert, lambda book, row: book.dispatch(row, current().name, written))

    @shows(app, "/alerts/<id:alert>/handle", roles=OFFICERS, look=StationAct.HANDLE, methods=("POST",))
    def handle(alert: str) -> ResponseReturnValue:
        return _act(parts, alert, lambda book, row: book.handle(row, current().name))

    @shows(app, "/alerts/<id:alert>/report", roles=OFFICERS, look=StationAct.REPORT, methods=("POST",))
    def report(alert: str) -> ResponseReturnValue:
        written = read_written("", request.form.get("report", ""))
        return _act(parts, alert, lambda book, row: book.report(row, current().name, written))

    @shows(app, "/alerts/<id:alert>/go-on", roles=OFFICERS, look=StationAct.GO_ON, methods=("POST",))
    def go_on(alert: str) -> ResponseReturnValue:
        return _act(parts, alert, lambda book, row: book.go_on(row, current().name))


def _add_ending(app: Flask, parts: ConsoleParts) -> None:
    @shows(app, "/alerts/<id:alert>/close", roles=OFFICERS, look=StationAct.CLOSE, methods=("POST",))
    def close(alert: str) -> ResponseReturnValue:
        outcome = request.form.get("outcome", "")
        if outcome not in set(Outcome):
            return refuse(parts, alert, OutcomeMissing())
        row = find_or_abort(parts, alert)
        if takes_two(Outcome(outcome)):
            return _act(parts, alert, lambda book, row: propose_outcome(book, row, current().name, Outcome(outcome)))
        letters = parts.write_letters(open_or_abort(parts, row), Outcome(outcome))
        return _act(parts, alert, lambda book, row: book.close(row, current().name, Outcome(outcome), letters))

    @shows(app, "/alerts/<id:alert>/understood", roles=OFFICERS, look=StationAct.UNDERSTOOD, methods=("POST",))
    def understood(alert: str) -> ResponseReturnValue:
        return _act(parts, alert, lambda book, row: book.understand(row, current().name))


def _add_confirming(app: Flask, parts: ConsoleParts) -> None:
    @shows(app, "/alerts/<id:alert>/confirm", roles=OFFICERS, look=StationAct.CONFIRM, methods=("POST",))
    def confirm(alert: str) -> ResponseReturnValue:
        row, officer = find_or_abort(parts, alert), current().name
        try:
            parts.confirming.confirm(_require_shown(row), officer)
        except AlertUnknown:
            abort(HTTPStatus.NOT_FOUND)
        except StationError as problem:
            return refuse(parts, alert, problem)
        if request.headers.get("HX-Target") == "detail":
            return draw("station/confirmed.html", problem=None)
        return redirect(url_for("second_looks", done="confirmed"), HTTPStatus.SEE_OTHER)

    @shows(app, "/alerts/<id:alert>/send-back", roles=OFFICERS, look=StationAct.SEND_BACK, methods=("POST",))
    def send_back(alert: str) -> ResponseReturnValue:
        row, officer = find_or_abort(parts, alert), current().name
        return _act(parts, alert, lambda *_: parts.confirming.send_back(_require_shown(row), officer))


def _require_shown(row: AlertRow) -> AlertRow:
    """Return the alert, where its outcome is the one that the page showed. Raises: InOtherHands."""
    if (request.form.get("outcome"), request.form.get("since")) != (row.outcome, str(row.since)):
        raise InOtherHands(row.holder)
    return row


def _act(parts: ConsoleParts, alert: str, act: Callable[[AlertBook, bytes], None]) -> ResponseReturnValue:
    try:
        act(parts.book, bytes.fromhex(alert))
    except AlertUnknown:
        abort(HTTPStatus.NOT_FOUND)  # forgotten meanwhile
    except StationError as problem:
        return refuse(parts, alert, problem)
    return show_again(parts, alert)
