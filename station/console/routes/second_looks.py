"""The second look: what waits for another officer, the alert in full for one of them, and what they say."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

from flask import Flask, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue

from service.pages import current, shows
from service.pages.drawing import draw
from station.alerts.suppressing import SecondLooks
from station.audit import StationAct
from station.console.parts import ConsoleParts
from station.console.routes.one_alert import find_or_abort, list_shown
from station.console.shown import ListedAlert
from station.errors import StationError
from station.roles import OFFICERS
from station.store.alerts import AlertRow

_Act = Callable[[AlertRow, str], None]
# What is said above the list to whoever has just answered.
_DONE = {"confirmed": "confirm.done", "said": "second.done"}


def add_second_looks(app: Flask, parts: ConsoleParts) -> None:
    """Add the pages to the application."""
    seconds = parts.seconds

    @shows(app, "/second-looks", roles=OFFICERS, look=None)
    def second_looks() -> ResponseReturnValue:
        sight = parts.roster.find_sight(current().name)
        waiting = [] if sight is None else sight.choose(seconds.list_waiting())
        mine = [ListedAlert(row) for row in seconds.choose(waiting, current().name)]
        asked = [] if sight is None else sight.choose(parts.book.list_open())
        confirming = [ListedAlert(row) for row in parts.confirming.choose(asked, current().name)]
        return draw(
            "station/second_looks.html", waiting=mine, others=len(waiting) - len(mine), confirming=confirming,
            done=_DONE.get(request.args.get("done", "")),
        )  # fmt: skip

    @shows(app, "/alerts/<id:alert>/second", roles=OFFICERS, look=StationAct.LOOK)
    def second_look(alert: str) -> ResponseReturnValue:
        row = _find_waiting(parts, alert)
        return draw("station/second_look.html", HTTPStatus.OK, **list_shown(parts, row))

    @shows(app, "/alerts/<id:alert>/agree", roles=OFFICERS, look=StationAct.AGREE, methods=("POST",))
    def agree(alert: str) -> ResponseReturnValue:
        return _say(parts, alert, seconds.agree)

    @shows(app, "/alerts/<id:alert>/disagree", roles=OFFICERS, look=StationAct.DISAGREE, methods=("POST",))
    def disagree(alert: str) -> ResponseReturnValue:
        return _say(parts, alert, seconds.decline)


def _say(parts: ConsoleParts, alert: str, act: _Act) -> ResponseReturnValue:
    row = find_or_abort(parts, alert)
    try:
        act(row, current().name)
    except StationError as problem:
        return draw("station/second_refused.html", HTTPStatus.CONFLICT, problem=problem)
    return redirect(url_for("second_looks", done="said"), HTTPStatus.SEE_OTHER)


def _find_waiting(parts: ConsoleParts, alert: str) -> AlertRow:
    """Return an alert that this officer may look at once more; 403 for anybody else's, and for one that is decided."""
    row = find_or_abort(parts, alert)
    seconds: SecondLooks = parts.seconds
    if not seconds.is_for(row, current().name) or seconds.find(row) is not None:
        abort(HTTPStatus.FORBIDDEN)
    return row
