"""What a venue must be: a licensed lodging business. There is no kind for a home, and no venue without its licence."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from records.profile import VenueKind

FIELDS = ("licence", "kind", "name", "address", "latitude", "longitude", "rooms", "station")
MOST_NAME, MOST_ADDRESS, MOST_ROOMS = 80, 160, 5000
MOST_CELL = 500  # characters of anything typed
_FEWEST_DIGITS = 3
_MILLION = 1_000_000
_LICENCE = re.compile(r"[\w\-./()\[\]〔〕]{4,40}")
_COORDINATE = re.compile(r"[+-]?\d{1,3}(\.\d{1,12})?")

FindStation = Callable[[str], bytes | None]


@dataclass(frozen=True, slots=True)
class VenueFields:
    """A venue as somebody describes it. Coordinates are millionths of a degree."""

    licence: str
    kind: VenueKind
    name: str
    address: str
    latitude: int | None
    longitude: int | None
    rooms: int
    station: bytes


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a field is refused; texts `venue_problem.FIELD_REASON` say it."""

    field: str
    reason: str

    @property
    def key(self) -> str:
        """The key of its text."""
        return f"{self.field}_{self.reason}"


def read_venue(
    typed: Mapping[str, str], find_kind: Callable[[str], VenueKind | None], find_station: FindStation
) -> tuple[VenueFields | None, list[Problem]]:
    """Return the venue that somebody typed, or every reason why it is none."""
    problems: list[Problem] = []
    texts = {name: plain_text(typed.get(name, "")) for name in FIELDS}
    licence = normalise_licence(texts["licence"])
    if not licence:
        problems.append(Problem("licence", "missing"))
    elif not _LICENCE.fullmatch(licence) or sum(each.isdigit() for each in licence) < _FEWEST_DIGITS:
        problems.append(Problem("licence", "form"))
    kind = find_kind(texts["kind"])
    if kind is None:
        problems.append(Problem("kind", "missing" if not texts["kind"] else "unknown"))
    for name, most in (("name", MOST_NAME), ("address", MOST_ADDRESS)):
        if not texts[name]:
            problems.append(Problem(name, "missing"))
        elif len(texts[name]) > most:
            problems.append(Problem(name, "long"))
        elif texts[name].startswith(("=", "+", "-", "@")):
            problems.append(Problem(name, "formula"))  # in whatever reads an export
    latitude, longitude = _read_place(texts["latitude"], texts["longitude"], problems)
    rooms = _read_rooms(texts["rooms"], problems)
    station = find_station(texts["station"]) if texts["station"] else None
    if station is None:
        problems.append(Problem("station", "unknown" if texts["station"] else "missing"))
    if problems or kind is None or rooms is None or station is None:
        return None, problems
    return VenueFields(licence, kind, texts["name"], texts["address"], latitude, longitude, rooms, station), []


def plain_text(typed: str) -> str:
    """Return what was typed in one form, without control characters and runs of blanks, and not longer than a cell."""
    text = unicodedata.normalize("NFKC", typed[:MOST_CELL])
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())


def normalise_licence(typed: str) -> str:
    """Return a licence's number in the form in which it is compared: capitals, nothing between."""
    return "".join(plain_text(typed).split()).upper()


def read_kind(text: str) -> VenueKind | None:
    """Return the kind of a code; the list is closed, in the source."""
    try:
        return VenueKind(text)
    except ValueError:
        return None


def write_coordinate(value: int | None) -> str:
    """Return degrees as people write them, "" for none."""
    if value is None:
        return ""
    text = f"{Decimal(value) / _MILLION:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _read_place(latitude: str, longitude: str, problems: list[Problem]) -> tuple[int | None, int | None]:
    if bool(latitude) != bool(longitude):
        problems.append(Problem("longitude" if latitude else "latitude", "alone"))
        return None, None
    found = []
    for name, text, most in (("latitude", latitude, 90), ("longitude", longitude, 180)):
        value = _read_degrees(text, most) if text else None
        if text and value is None:
            problems.append(Problem(name, "form"))
        found.append(value)
    return found[0], found[1]


def _read_degrees(text: str, most: int) -> int | None:
    if not _COORDINATE.fullmatch(text):
        return None
    try:
        value = Decimal(text)
    except InvalidOperation:  # pragma: no cover - the pattern lets none through
        return None
    return int((value * _MILLION).to_integral_value()) if abs(value) <= most else None


def _read_rooms(text: str, problems: list[Problem]) -> int | None:
    if not text:
        problems.append(Problem("rooms", "missing"))
        return None
    # A spreadsheet writes 12 as 12.0.
    digits = text.removesuffix(".0")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 5 and 1 <= int(digits) <= MOST_ROOMS):
        problems.append(Problem("rooms", "form"))
        return None
    return int(digits)
