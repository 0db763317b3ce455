"""The map: nothing covers anything, whoever comes by keyboard begins with trouble, and a file is only lines."""

import math
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from central.console.maps import WIDTH, draw_map, find_grade, load_outline
from central.errors import FileRefused
from central.store.venues import Box, PlacedVenue

PLACES = st.tuples(st.integers(-89_000_000, 89_000_000), st.integers(-179_000_000, 179_000_000))


def make_venue(number: int, latitude: int, longitude: int, **told: int) -> PlacedVenue:
    health = {"terminals": 1, "troubled": 0, "late": 0, **told}
    return PlacedVenue(bytes([number % 256]) * 16, f"Inn {number}", latitude, longitude, **health)


@given(places=st.lists(PLACES, min_size=1, max_size=40))
@settings(deadline=None)
def test_every_venue_is_in_one_dot_and_no_dot_covers_another(places: list[tuple[int, int]]) -> None:
    venues = [make_venue(number, *place) for number, place in enumerate(places)]
    picture = draw_map(venues, [], None)
    assert picture is not None
    assert sorted(each.name for dot in picture.dots for each in dot.venues) == sorted(each.name for each in venues)
    for number, dot in enumerate(picture.dots):
        assert 0 <= dot.x <= WIDTH
        for other in picture.dots[number + 1 :]:
            assert math.dist((dot.x, dot.y), (other.x, other.y)) >= dot.radius + other.radius - 0.5


def test_ten_thousand_venues_are_some_hundred_dots() -> None:
    venues = [make_venue(n, 31_000_000 + n * 7919 % 500_000, 121_000_000 + n * 104729 % 500_000) for n in range(10_000)]
    picture = draw_map(venues, [], None)
    assert picture is not None
    assert len(picture.dots) < 750
    assert sum(len(dot.venues) for dot in picture.dots) == 10_000


def test_dot_has_the_grade_of_its_worst_and_trouble_comes_first() -> None:
    venues = [
        make_venue(1, 0, 0), make_venue(2, 10, 10, troubled=1), make_venue(3, 5_000_000, 0, late=1),
        make_venue(4, 0, 5_000_000, terminals=0), make_venue(5, 5_000_000, 5_000_000),
    ]  # fmt: skip
    assert [find_grade(each) for each in venues] == ["good", "wrong", "soon", "off", "good"]
    picture = draw_map(venues, [], None)
    assert picture is not None
    assert [(dot.grade, len(dot.venues)) for dot in picture.dots] == [
        ("wrong", 2),
        ("soon", 1),
        ("good", 1),
        ("off", 1),
    ]
    closer = draw_map(venues, [], Box(-100, -100, 100, 100))
    assert closer is not None
    assert sum(len(dot.venues) for dot in closer.dots) == 2


def test_map_without_anything_is_none() -> None:
    assert draw_map([], [], None) is None


def write(path: Path, found: object) -> Path:
    path.write_bytes(msgspec.json.encode(found))
    return path


def test_outline_is_drawn_and_its_names_and_points_are_not(tmp_path: Path) -> None:
    ring = [[120.0, 30.0], [121.0, 30.0], [121.0, 31.0], [120.0, 30.0]]
    shapes = [
        {"type": "Polygon", "coordinates": [ring]}, {"type": "MultiPolygon", "coordinates": [[ring]]},
        {"type": "LineString", "coordinates": ring}, {"type": "MultiLineString", "coordinates": [ring]},
        {"type": "Point", "coordinates": [120.5, 30.5]},
    ]  # fmt: skip
    features = [{"type": "Feature", "properties": {"name": "<script>"}, "geometry": each} for each in [*shapes, None]]
    features.append({"type": "GeometryCollection", "geometries": shapes[:1]})
    lines = load_outline(write(tmp_path / "o.json", {"type": "FeatureCollection", "features": features}))
    assert len(lines) == 5
    picture = draw_map([], lines, None)
    assert picture is not None
    assert len(picture.lines) == 5
    assert all(set(each) <= set("ML0123456789. -") for each in picture.lines)


@pytest.mark.parametrize(
    "found",
    [
        {}, [], "x", {"type": "Polygon", "coordinates": "x"}, {"type": "LineString", "coordinates": [[1000, 1]]},
        {"type": "LineString", "coordinates": [["1e999", 0]]}, {"type": "LineString", "coordinates": [[1]]},
        {"type": "FeatureCollection", "features": 7},
    ],
)  # fmt: skip
def test_file_that_is_no_outline_is_refused(tmp_path: Path, found: object) -> None:
    with pytest.raises(FileRefused):
        load_outline(write(tmp_path / "o.json", found))


def test_outline_that_is_too_much_is_refused(tmp_path: Path) -> None:
    many = write(tmp_path / "many.json", {"type": "LineString", "coordinates": [[0, 0]] * 200_001})
    deep = tmp_path / "deep.json"
    deep.write_text('{"type":"GeometryCollection","geometries":[' * 3000 + "]}" * 3000)
    large = tmp_path / "large.json"
    large.write_bytes(b" " * (8 * 1024 * 1024 + 1))
    for path in (many, deep, large):
        with pytest.raises(FileRefused):
            load_outline(path)
