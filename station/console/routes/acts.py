"""What officers do about an alert. Each act is in the audit log before it is done."""

from __future__ import annotations

from flask import Flask, request
from flask.typing import ResponseReturnValue

from records.comparing.mail import Outcome
from service.pages import current, shows
from station.audit import StationAct
from station.console.parts import ConsoleParts
from station.console.routes.one_alert import find_or_abort, open_or_abort, refuse, show_again
from station.errors import OutcomeMissing, StationError
from station.roles import OFFICERS, SUPERVISORS


def add_acts(app: Flask, parts: ConsoleParts) -> None:
    """Add the acts to the application."""

    @shows(app, "/alerts/<id:alert>/accept", roles=OFFICERS, look=StationAct.ACCEPT, methods=("POST",))
    def accept(alert: str) -> ResponseReturnValue:
        try:
            parts.book.accept(bytes.fromhex(alert), current().name)
        except StationError as problem:
            return refuse(parts, alert, problem)
        return show_again(parts, alert)

    @shows(app, "/alerts/<id:alert>/take-over", roles=SUPERVISORS, look=StationAct.TAKE_OVER, methods=("POST",))
    def take_over(alert: str) -> ResponseReturnValue:
        try:
            parts.book.take_over(bytes.fromhex(alert), current().name, held_by=request.form.get("held_by", ""))
        except StationError as problem:
            return refuse(parts, alert, problem)
        return show_again(parts, alert)

    @shows(app, "/alerts/<id:alert>/close", roles=OFFICERS, look=StationAct.CLOSE, methods=("POST",))
    def close(alert: str) -> ResponseReturnValue:
        outcome = request.form.get("outcome", "")
        if outcome not in set(Outcome):
            return refuse(parts, alert, OutcomeMissing())
        row = find_or_abort(parts, alert)
        letters = parts.write_letters(open_or_abort(parts, row), Outcome(outcome))
        try:
            parts.book.close(row.id, current().name, Outcome(outcome), letters)
        except StationError as problem:
            return refuse(parts, alert, problem)
        return show_again(parts, alert)
