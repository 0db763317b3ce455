"""The list, which names nobody and no place, and what the stream's worker asks."""

from __future__ import annotations

from datetime import UTC, datetime
from http import HTTPStatus

from flask import Flask, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from service.pages import current, shows
from service.pages.drawing import draw
from station.audit import StationAct
from station.clock import SHORT_STOP
from station.console.parts import ConsoleParts
from station.console.shown import ListedAlert, make_place
from station.roles import OFFICERS, SUPERVISORS
from station.store.events import find_last

_DIGITS = 11  # of seconds since 1970


def add_listing(app: Flask, parts: ConsoleParts) -> None:
    """Add the list to the application."""

    @shows(app, "/", roles=OFFICERS, look=None)
    def alerts() -> ResponseReturnValue:
        # Before the list is read: what is committed between the two is told once more, never not at all.
        with parts.book.store.reading() as connection:
            last = find_last(connection)
        sight = parts.roster.find_sight(current().name)
        rows = [] if sight is None else sight.choose(parts.book.list_open())
        ended = [] if sight is None else sight.choose(parts.book.list_ended())
        part = {"live": "list", "watch": "waiting"}.get(request.headers.get("HX-Target", ""), "alerts")
        return draw(
            f"station/{part}.html",
            last=last,
            standing=parts.find_standing(),
            doubt=parts.clock.find_doubt(),
            open=[ListedAlert(row) for row in rows],
            ended=[ListedAlert(row) for row in ended],
            place=make_place(parts, sight),
            # To this officer alone: their alerts that were withdrawn, and those that a colleague offers them.
            told=[ListedAlert(row) for row in ended if row.holder == current().name and not row.is_told],
            offered=[ListedAlert(row) for row in rows if row.offered_to == current().name],
            # An alert that did not prove itself belongs to no house.
            refused=parts.book.read_count("refused:") if sight is not None and sight.is_supervising else 0,
        )

    @shows(app, "/clock/confirm", roles=SUPERVISORS, look=None, methods=("POST",))
    def confirm_clock() -> ResponseReturnValue:
        shown = request.form.get("shown", "")
        moment = datetime.fromtimestamp(int(shown), UTC) if shown.isdigit() and len(shown) <= _DIGITS else None
        # What somebody saw long ago, or what nobody saw, confirms nothing.
        if moment is None or abs(parts.clock.read_wall() - moment) > SHORT_STOP:
            return redirect(url_for("alerts"), HTTPStatus.SEE_OTHER)
        parts.pages.audit.write(current().name, StationAct.CONFIRM_CLOCK, f"{moment:%Y-%m-%d %H:%M:%S}")
        parts.clock.confirm(moment)
        return redirect(url_for("alerts"), HTTPStatus.SEE_OTHER)

    @shows(app, "/signed-in", roles=OFFICERS, look=None)
    def signed_in() -> ResponseReturnValue:
        # What the stream's worker asks when it was cut off: does the line fail, or is nobody signed in any more?
        return Response(status=HTTPStatus.NO_CONTENT)
