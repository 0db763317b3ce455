"""The pages of figures, and the same for the public."""

from __future__ import annotations

from flask import Flask, Response
from flask.typing import ResponseReturnValue

from oversight.comparing.errors import DeskRefuses, DeskSilent
from oversight.comparing.figures import NAMES, TOLD, Figures, gather_figures, write_csv
from oversight.comparing.page.decision_pages import say_act
from oversight.comparing.page.parts import OversightParts
from oversight.comparing.page.roles import EVERYBODY
from oversight.comparing.plots import draw_plots
from oversight.comparing.store.figures import list_reported
from oversight.errors import OversightError
from oversight.log import read_log
from records.comparing.acts import Act
from records.errors import RecordsError
from service.pages import shows
from service.pages.drawing import draw

PLOTTED = (
    "compared",
    "ended",
    "confirmed",
    "other_person",
    "could_not_be_found",
    "withdrawn",
    "permits",
    "stops",
    "orders",
)
RESPONSES = ("within_1", "within_3", "later", "nobody")


def load_figures(parts: OversightParts) -> Figures:
    """Gather the figures of what is at hand on this machine. Raises: FileRefused, StoreError."""
    with parts.store.reading() as connection:
        reported = list_reported(connection)
    openings = read_log(parts.settings.openings) if parts.settings.openings else None
    return gather_figures(_ask_days(parts), reported, openings, _count_list(parts), parts.clock())


def add_figures(app: Flask, parts: OversightParts) -> None:
    """Add the pages of figures."""
    app.jinja_env.globals.update(say_act=say_act, acts=Act)

    @shows(app, "/figures", roles=EVERYBODY, look=None)
    def figures() -> ResponseReturnValue:
        found = load_figures(parts)
        return draw(
            "oversight/figures.html", found=found, plots=draw_plots(found, PLOTTED), names=NAMES, told=TOLD,
            responses=RESPONSES,
        )  # fmt: skip

    @shows(app, "/figures.csv", roles=EVERYBODY, look=None)
    def figures_csv() -> ResponseReturnValue:
        headers = {"Content-Disposition": 'attachment; filename="comparison.csv"'}
        return Response(write_csv(load_figures(parts)), content_type="text/csv; charset=utf-8", headers=headers)


def _ask_days(parts: OversightParts) -> dict[str, dict[str, int]] | None:
    if parts.permits is None:
        return None
    try:
        days: dict[str, dict[str, int]] = parts.permits.ask(parts.permits.desk, {"command": "counts"})
    except (DeskSilent, DeskRefuses):
        return None
    return days


def _count_list(parts: OversightParts) -> dict[tuple[str, str], int]:
    if parts.permits is None:
        return {}
    try:
        found = parts.permits.find_list()
    except (OversightError, RecordsError, OSError):
        return {}
    return found.counts if found else {}
