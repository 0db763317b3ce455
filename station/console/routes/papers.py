"""The pages beside the alerts: that there is no search, the audit log, and whether the station answers."""

from __future__ import annotations

from flask import Flask, Response, request
from flask.typing import ResponseReturnValue

from service.pages import shows
from service.pages.access import Access, serves
from service.pages.drawing import draw
from service.pages.log_reading import load_entries, read_wanted
from station.audit import ABOUT, StationAct
from station.console.parts import ConsoleParts
from station.roles import AUDITORS, EVERYBODY
from station.store.schema import audit_tables

_EVERYBODY_UNASKED = Access(standings=None)


def add_papers(app: Flask, parts: ConsoleParts) -> None:
    """Add the pages to the application."""

    @shows(app, "/search", roles=EVERYBODY, look=None)
    def search() -> ResponseReturnValue:
        return draw("station/search.html")

    @shows(app, "/audit-log", roles=AUDITORS, look=StationAct.AUDIT_LOG)
    def audit_log() -> ResponseReturnValue:
        return draw(
            "station/audit_log.html",
            found=load_entries(parts.book.store, audit_tables, read_wanted(request.args), ABOUT),
        )

    @serves(app, "/health", _EVERYBODY_UNASKED)
    def health() -> ResponseReturnValue:
        with parts.book.store.reading():
            return Response(b'{"ready":true}', content_type="application/json")
