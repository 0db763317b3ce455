"""A map without tiles: venues as dots on a plain projection, before an outline that the operator brings.

Dots that would cover each other become one, which leads closer. A dot tells of machines, never of guests.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from central.errors import FileRefused
from central.store.venues import Box, PlacedVenue

WIDTH = 960
_TALLEST, _FLATTEST = 640, 360
_CELL = 30  # pixels: no dot is smaller than a finger needs on the way there by keyboard or mouse
_MARGIN = 0.06
_SMALLEST = 2_000  # millionths of a degree, some two hundred metres: the closest look
_MOST_BYTES = 8 * 1024 * 1024
_MOST_POINTS = 200_000
_MILLION = 1_000_000
Point = tuple[float, float]  # longitude, latitude, millionths of a degree


@dataclass(frozen=True, slots=True)
class Dot:
    """One dot: a venue, or several that lie close together. `box` is what they lie in."""

    x: float
    y: float
    radius: float
    grade: str  # "wrong", "soon", "good", or "off" where there is no terminal
    venues: list[PlacedVenue]
    box: Box

    @property
    def troubled(self) -> int:
        """How many of the venues need somebody."""
        return sum(each.troubled > 0 for each in self.venues)

    @property
    def is_one_place(self) -> bool:
        """True when a closer look would not part them."""
        return self.box.north - self.box.south < _SMALLEST and self.box.east - self.box.west < _SMALLEST


@dataclass(frozen=True, slots=True)
class Picture:
    """A map ready to be drawn."""

    width: int
    height: int
    lines: list[str]  # of the outline, as SVG paths
    dots: list[Dot]


def find_grade(venue: PlacedVenue) -> str:
    """Return how a venue's terminals are, by the worst of them."""
    if not venue.terminals:
        return "off"
    return "wrong" if venue.troubled else "soon" if venue.late else "good"


def load_outline(path: Path) -> list[list[Point]]:
    """Return the lines of a GeoJSON file. Raises: FileRefused, OSError."""
    if path.stat().st_size > _MOST_BYTES:
        raise FileRefused("large")
    try:
        found = msgspec.json.decode(path.read_bytes())
        lines = [[_read_point(each) for each in line] for line in _list_lines(found)]
    except (msgspec.MsgspecError, TypeError, ValueError, KeyError, IndexError, RecursionError):
        raise FileRefused("broken") from None
    if sum(map(len, lines)) > _MOST_POINTS:
        raise FileRefused("large")
    return lines


def draw_map(venues: Sequence[PlacedVenue], outline: Sequence[Sequence[Point]], box: Box | None) -> Picture | None:
    """Return the map of a box, or of all there is; None where nothing has a place."""
    if box is None:
        points = [(float(each.longitude), float(each.latitude)) for each in venues]
        box = _find_box(points or [point for line in outline for point in line])
    if box is None:
        return None
    view = _View.of(box)
    inside = [each for each in venues if view.has(each)]
    return Picture(WIDTH, view.height, [*_draw_lines(view, outline)], _draw_dots(view, inside))


@dataclass(frozen=True, slots=True)
class _View:
    """A plain projection: degrees of longitude shrunk by the cosine of the latitude in the middle."""

    west: float
    north: float
    scale: float  # pixels for a millionth of a degree of latitude
    shrink: float
    height: int

    @classmethod
    def of(cls, box: Box) -> _View:
        middle = (box.north + box.south) / 2
        shrink = max(0.05, math.cos(math.radians(middle / _MILLION)))
        wide = max(_SMALLEST, (box.east - box.west) * shrink) * (1 + 2 * _MARGIN)
        high = max(_SMALLEST, box.north - box.south) * (1 + 2 * _MARGIN)
        height = round(min(_TALLEST, max(_FLATTEST, WIDTH * high / wide)))
        scale = min(WIDTH / wide, height / high)
        west = (box.east + box.west) / 2 - WIDTH / scale / shrink / 2
        return cls(west, middle + height / scale / 2, scale, shrink, height)

    def place(self, longitude: float, latitude: float) -> Point:
        return (longitude - self.west) * self.shrink * self.scale, (self.north - latitude) * self.scale

    def has(self, venue: PlacedVenue) -> bool:
        x, y = self.place(venue.longitude, venue.latitude)
        return 0 <= x <= WIDTH and 0 <= y <= self.height


def _draw_dots(view: _View, venues: Iterable[PlacedVenue]) -> list[Dot]:
    cells: dict[tuple[int, int], list[PlacedVenue]] = {}
    for each in venues:
        x, y = view.place(each.longitude, each.latitude)
        cells.setdefault((int(x // _CELL), int(y // _CELL)), []).append(each)
    order = {"wrong": 0, "soon": 1, "good": 2, "off": 3}
    dots = [_make_dot(view, *each, order) for each in cells.items()]
    # Whoever goes through them by keyboard comes first to those that need somebody.
    return sorted(dots, key=lambda dot: (order[dot.grade], dot.y, dot.x))


def _make_dot(view: _View, corner: tuple[int, int], cell: list[PlacedVenue], order: dict[str, int]) -> Dot:
    places = [view.place(each.longitude, each.latitude) for each in cell]
    radius = 8 if len(cell) == 1 else min(_CELL / 2 - 1, 9 + math.log2(len(cell)))
    # Within its own cell, so that no dot covers another.
    x, y = (
        min(max(sum(each[axis] for each in places) / len(places), corner[axis] * _CELL + radius),
            (corner[axis] + 1) * _CELL - radius)
        for axis in (0, 1)
    )  # fmt: skip
    grade = min((find_grade(each) for each in cell), key=order.__getitem__)
    box = _find_box([(each.longitude, each.latitude) for each in cell])
    assert box is not None  # noqa: S101 - no cell is empty
    return Dot(round(x, 1), round(y, 1), round(radius, 1), grade, cell, box)


def _draw_lines(view: _View, outline: Iterable[Sequence[Point]]) -> Iterator[str]:
    for line in outline:
        placed: list[Point] = []
        for longitude, latitude in line:
            x, y = view.place(longitude, latitude)
            # What is less than a pixel apart looks the same, and may be thousands of points.
            if not placed or abs(x - placed[-1][0]) + abs(y - placed[-1][1]) >= 1:
                placed.append((x, y))
        if len(placed) > 1 and _may_be_seen(view, placed):
            yield "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in placed)


def _may_be_seen(view: _View, placed: Sequence[Point]) -> bool:
    xs, ys = [each[0] for each in placed], [each[1] for each in placed]
    return max(xs) >= 0 and min(xs) <= WIDTH and max(ys) >= 0 and min(ys) <= view.height


def _find_box(points: Sequence[Point]) -> Box | None:
    if not points:
        return None
    longitudes, latitudes = [each[0] for each in points], [each[1] for each in points]
    return Box(int(min(latitudes)), int(min(longitudes)), int(max(latitudes)), int(max(longitudes)))


def _list_lines(found: Any) -> Iterator[Any]:
    """Go through a GeoJSON object, and return the lines of its lines and areas. Points and names are left out."""
    kind = found["type"]
    members = {"FeatureCollection": "features", "GeometryCollection": "geometries"}.get(kind)
    if members is not None:
        for each in found[members]:
            yield from _list_lines(each)
    elif kind == "Feature" and found["geometry"] is not None:
        yield from _list_lines(found["geometry"])
    elif kind == "LineString":
        yield found["coordinates"]
    elif kind in ("MultiLineString", "Polygon"):
        yield from found["coordinates"]
    elif kind == "MultiPolygon":
        for each in found["coordinates"]:
            yield from each


def _read_point(found: Any) -> Point:
    longitude, latitude = float(found[0]), float(found[1])
    if not (abs(longitude) <= 180 and abs(latitude) <= 90):  # NaN too
        raise ValueError
    return longitude * _MILLION, latitude * _MILLION
