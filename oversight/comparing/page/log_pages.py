"""The page of logs: the witness, and the proof that they are whole."""

from __future__ import annotations

from datetime import timedelta
from http import HTTPStatus

from flask import Flask, abort, redirect, url_for
from flask.typing import ResponseReturnValue

from oversight.comparing.logs import LogRoom, WatchedLog
from oversight.comparing.page.audit import PageAct
from oversight.comparing.page.parts import OversightParts
from oversight.comparing.page.roles import EVERYBODY
from oversight.errors import OversightError
from oversight.witness.memory import WitnessMemory
from records.cosignature import WitnessKey
from records.errors import RecordsError
from records.log_keys import LogVerifier
from service.pages import current, shows
from service.pages.drawing import draw


def open_logs(parts: OversightParts) -> LogRoom:
    """Return the logs that the settings name. Raises: MalformedBytes for a key that is none."""
    settings = parts.settings
    return LogRoom(
        tuple(
            WatchedLog(
                each.title, LogVerifier.from_texts(each.keys), each.cosigned, each.export,
                timedelta(seconds=each.silent_after_s),
            )
            for each in settings.logs
        ),
        parts.store,
        WitnessMemory(settings.witness) if settings.witness else None,
        WitnessKey.from_text(settings.witness_key) if settings.witness_key else None,
        parts.clock,
    )  # fmt: skip


def add_logs(app: Flask, parts: OversightParts) -> None:
    """Add the page of logs."""
    room = open_logs(parts)

    @shows(app, "/logs", roles=EVERYBODY, look=None)
    def logs() -> ResponseReturnValue:
        return _draw(room)

    @shows(app, "/logs/<int:place>/verify", roles=EVERYBODY, look=None, methods=("POST",))
    def verify_log(place: int) -> ResponseReturnValue:
        if place >= len(room.logs):
            abort(HTTPStatus.NOT_FOUND)
        parts.audit.write(current().name, PageAct.VERIFY, room.logs[place].name)
        try:
            room.verify(place, parts.clock())
        except (OversightError, RecordsError, OSError) as problem:
            return _draw(room, problem)
        return redirect(url_for("logs"), HTTPStatus.SEE_OTHER)


def _draw(room: LogRoom, problem: Exception | None = None) -> ResponseReturnValue:
    status = HTTPStatus.CONFLICT if problem else HTTPStatus.OK
    return draw(
        "oversight/logs.html", status, states=room.list_states(), problem=problem,
        has_witness=room.witness is not None,
    )  # fmt: skip
