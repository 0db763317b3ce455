"""The pages of figures, and the same for the public."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Flask, Response
from flask.typing import ResponseReturnValue

from oversight.comparing.central_report import CentralMonth, read_central_report
from oversight.comparing.errors import DeskRefuses, DeskSilent
from oversight.comparing.figures import NAMES, Figures, gather_figures, write_acts_csv, write_csv
from oversight.comparing.page.decision_pages import say_act
from oversight.comparing.page.parts import OversightParts
from oversight.comparing.page.roles import EVERYBODY
from oversight.comparing.plots import draw_act_plots, draw_plots
from oversight.comparing.store.figures import list_reported
from oversight.errors import FileRefused, OversightError
from oversight.log import read_log
from records.comparing.acts import Act
from records.errors import RecordsError
from service.pages import shows
from service.pages.drawing import draw

PLOTTED = (
    "records_received", "uploaded", "compared", "alerted", "raised", "ended", "confirmed", "other_person", "precision",
    "could_not_be_found",
    "withdrawn", "within_1", "within_3", "later", "permits", "stops", "orders", "records_deleted", "alerts_deleted",
    "handles_deleted",
)  # fmt: skip


def load_figures(parts: OversightParts) -> Figures:
    """Gather the figures of what is at hand on this machine. Raises: FileRefused, StoreError."""
    with parts.store.reading() as connection:
        reported = list_reported(connection)
    openings = read_log(parts.settings.openings) if parts.settings.openings else None
    return gather_figures(
        _ask_days(parts), reported, openings, _count_list(parts), parts.clock(), _read_central(parts)
    )  # fmt: skip


def add_figures(app: Flask, parts: OversightParts) -> None:
    """Add the pages of figures."""
    app.jinja_env.globals.update(say_act=say_act, acts=Act)

    @shows(app, "/figures", roles=EVERYBODY, look=None)
    def figures() -> ResponseReturnValue:
        found = load_figures(parts)
        return draw(
            "oversight/figures.html", found=found, plots=draw_plots(found, PLOTTED), names=NAMES,
            act_plots=draw_act_plots(found),
        )  # fmt: skip

    @shows(app, "/figures.csv", roles=EVERYBODY, look=None)
    def figures_csv() -> ResponseReturnValue:
        return _send(write_csv(load_figures(parts)), "comparison.csv")

    @shows(app, "/figures-by-act.csv", roles=EVERYBODY, look=None)
    def acts_csv() -> ResponseReturnValue:
        return _send(write_acts_csv(load_figures(parts)), "comparison-by-act.csv")


def _send(table: str, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(table, content_type="text/csv; charset=utf-8", headers=headers)


def _ask_days(parts: OversightParts) -> dict[str, dict[str, int]] | None:
    if parts.permits is None:
        return None
    try:
        days: dict[str, dict[str, int]] = parts.permits.ask(parts.permits.desk, {"command": "counts"})
    except (DeskSilent, DeskRefuses):
        return None
    return days


def _read_central(parts: OversightParts) -> Mapping[str, CentralMonth]:
    path = parts.settings.central_report
    try:
        return {} if path is None else read_central_report(path)
    except (FileRefused, OSError):
        return {}  # the page shows that nobody told it


def _count_list(parts: OversightParts) -> dict[tuple[str, str], int]:
    if parts.permits is None:
        return {}
    try:
        found = parts.permits.find_list()
    except (OversightError, RecordsError, OSError):
        return {}
    return found.counts if found else {}
