"""The report as pages and files. Everybody sees the same: it holds no figure of an area."""

from __future__ import annotations

from http import HTTPStatus

from flask import Flask, abort
from flask.typing import ResponseReturnValue

from central.console.plots import Plot, Series
from central.console.roles import EVERYBODY
from central.console.venue_pages import send_file
from central.keys import name_day
from central.parts import Clock
from central.reports import COLUMNS, Report, load_report, write_report
from central.settings import CentralSettings
from central.store import Store
from central.store.reports import ROUNDED_TO
from service.pages import shows
from service.pages.access import Access, serves
from service.pages.drawing import draw, get_words

_NOON_S = 43_200
_DAY_S = 86_400
_EVERYBODY_UNASKED = Access(standings=None)


def add_report_pages(app: Flask, store: Store, settings: CentralSettings, clock: Clock) -> None:
    """Add the report for administrators, and the public one where the settings ask for it."""
    app.jinja_env.globals.update(name_day=name_day, rounded_to=ROUNDED_TO)

    def draw_report(*, is_public: bool) -> ResponseReturnValue:
        found = load_report(store, clock())
        return draw("console/report.html", report=found, plots=draw_plots(found), is_public=is_public)

    def send_report() -> ResponseReturnValue:
        words = get_words()
        heads = tuple(words(f"report_column.{each}") for each in COLUMNS)
        return send_file("".join(write_report(load_report(store, clock()), heads)), "report.csv")

    @shows(app, "/report", roles=EVERYBODY, look=None)
    def report() -> ResponseReturnValue:
        return draw_report(is_public=False)

    @shows(app, "/report.csv", roles=EVERYBODY, look=None)
    def report_file() -> ResponseReturnValue:
        return send_report()

    @serves(app, "/public/report", _EVERYBODY_UNASKED)
    def public_report() -> ResponseReturnValue:
        _require_public(settings)
        return draw_report(is_public=True)

    @serves(app, "/public/report.csv", _EVERYBODY_UNASKED)
    def public_report_file() -> ResponseReturnValue:
        _require_public(settings)
        return send_report()


def draw_plots(report: Report) -> list[Plot]:
    """Return the report's plots, one value a day."""
    times = [each.day * _DAY_S + _NOON_S for each in report.days]

    def read(*names: str) -> tuple[Series, ...]:
        return tuple(Series(name, [getattr(each, name) for each in report.days]) for name in names)

    return [
        Plot("report_received", times, read("received"), "bars", unit="day"),
        Plot("report_upload", times, read("within_minute", "within_hour"), unit="day"),
        Plot("report_deleted", times, read("deleted"), "bars", unit="day"),
    ]


def _require_public(settings: CentralSettings) -> None:
    if not settings.public_report:
        abort(HTTPStatus.NOT_FOUND)
