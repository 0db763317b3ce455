"""The page with the map: where terminals need somebody."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import structlog
from flask import Flask, request
from flask.typing import ResponseReturnValue

from central.audit import Look
from central.console.maps import Point, draw_map, find_grade, load_outline
from central.console.roles import ADMINISTRATORS
from central.console.scopes import current_scope
from central.console.venue_table import read_box, write_box
from central.errors import FileRefused
from central.fleet.troubles import make_bounds
from central.parts import Clock
from central.settings import CentralSettings
from central.store import Store
from central.store.venues import ShowVenues, WantedVenues, find_venues, list_placed
from service.pages import shows
from service.pages.drawing import draw

MOST_LISTED = 20


def add_map_page(app: Flask, store: Store, settings: CentralSettings, clock: Clock) -> None:
    """Add the map."""
    app.jinja_env.globals.update(write_box=write_box)

    @shows(app, "/map", roles=ADMINISTRATORS, look=Look.MAP)
    def venue_map() -> ResponseReturnValue:
        scope, box = current_scope(), read_box(request.args.get("box", ""))
        with store.reading() as connection:
            placed = list_placed(connection, make_bounds(clock()), scope)
            unplaced = find_venues(connection, WantedVenues(show=ShowVenues.UNPLACED, most=1), scope)[1]
        outline, is_broken = _read_outline(settings.map_outline)
        urgent = [each for each in placed if find_grade(each) == "wrong"]
        return draw(
            "console/map.html", picture=draw_map(placed, outline, box), box=box, unplaced=unplaced, urgent=urgent,
            most_listed=MOST_LISTED, outline_is_broken=is_broken, total=len(placed), find_grade=find_grade,
        )  # fmt: skip


def _read_outline(path: Path | None) -> tuple[list[list[Point]], bool]:
    """Return the lines of the operator's file, and whether it is of no use."""
    if path is None:
        return [], False
    try:
        return _load_outline(path, path.stat().st_mtime_ns), False
    except (FileRefused, OSError) as error:
        structlog.get_logger().error("map_outline_refused", error=type(error).__name__)
        return [], True


@lru_cache(maxsize=2)
def _load_outline(path: Path, changed_ns: int) -> list[list[Point]]:  # noqa: ARG001 - a changed file is read again
    return load_outline(path)
