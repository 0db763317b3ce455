"""The police stations that one receiving service routes to, and what an officer of each may see.

An alert belongs to the station that covers its house. Where none does, it belongs to the supervising station, and its
page says so. Stations come from a small file that is read once; which officer belongs where is in the database.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import msgspec

from records.suite import ID_BYTES
from service.settings import load_settings
from station.errors import StationsRefused, StationUnknown
from station.store import Store
from station.store.alerts import AlertRow
from station.store.postings import load_posting, load_postings, set_posting

_CODE = re.compile(r"[a-z][a-z0-9-]{1,31}")


@dataclass(frozen=True, slots=True)
class PoliceStation:
    """A station, and the houses that it covers."""

    code: str
    name_zh: str
    name_en: str
    venues: frozenset[bytes] = frozenset()

    def name(self, language: str) -> str:
        """Return its name in "zh" or "en"."""
        return self.name_zh if language == "zh" else self.name_en


@dataclass(frozen=True, slots=True)
class Route:
    """Which station an alert goes to, and whether because that one covers its house."""

    station: str
    is_known_venue: bool


@dataclass(frozen=True, slots=True)
class Sight:
    """What an officer may see: the alerts of one station, at the supervising one also what was escalated to it."""

    station: str
    is_supervising: bool

    def covers(self, station: str, *, is_supervised: bool) -> bool:
        """Tell whether an alert of this station is theirs to see."""
        return station == self.station or (self.is_supervising and is_supervised)

    def choose(self, rows: Collection[AlertRow]) -> list[AlertRow]:
        """Return those of the alerts that are theirs to see."""
        return [row for row in rows if self.covers(row.station, is_supervised=row.is_supervised)]


@dataclass(frozen=True, slots=True)
class Stations:
    """All stations; one of them supervises the others."""

    listed: tuple[PoliceStation, ...]
    supervising: str  # a code
    courts: Mapping[str, str] = field(default_factory=dict)  # how each is reached at any hour, by its name in decisions

    @property
    def are_several(self) -> bool:
        """Whether there is anything to route."""
        return len(self.listed) > 1

    @property
    def codes(self) -> tuple[str, ...]:
        """Every code."""
        return tuple(each.code for each in self.listed)

    def find(self, code: str) -> PoliceStation | None:
        """Return the station of a code."""
        return next((each for each in self.listed if each.code == code), None)

    def find_contact(self, court: str) -> str:
        """Return how a court is reached, "" where the station has not put it down."""
        return self.courts.get(court, "")

    def route(self, venue: bytes) -> Route:
        """Return where an alert of a house goes."""
        for each in self.listed:
            if venue in each.venues:
                return Route(each.code, is_known_venue=True)
        # Where there is one station alone, every house is its.
        return Route(self.supervising, is_known_venue=not self.are_several)

    def open_sight(self, code: str) -> Sight | None:
        """Return what officers of a station may see; None for one that there is not."""
        return None if self.find(code) is None else Sight(code, code == self.supervising)


ONE_STATION = Stations((PoliceStation("station", "本所", "this station"),), "station")


@dataclass(frozen=True, slots=True)
class Roster:
    """Which officer belongs to which station. Nobody belongs to two."""

    store: Store
    stations: Stations

    def find_sight(self, account: str) -> Sight | None:
        """Return what an officer may see; None, which is nothing, for one who belongs to no station."""
        if not self.stations.are_several:
            return self.stations.open_sight(self.stations.supervising)
        with self.store.reading() as connection:
            return self.stations.open_sight(load_posting(connection, account))

    def put(self, account: str, code: str) -> None:
        """Put an officer at a station. Raises: StationUnknown."""
        if self.stations.find(code) is None:
            raise StationUnknown
        with self.store.writing() as connection:
            set_posting(connection, account, code)

    def list_all(self) -> dict[str, str]:
        """Return every officer's station."""
        with self.store.reading() as connection:
            return load_postings(connection)


class _Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    code: str
    name_zh: Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
    name_en: Annotated[str, msgspec.Meta(min_length=1, max_length=60)]
    venues: tuple[str, ...] = ()


class _Court(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=120)]
    contact: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    supervising: str
    station: tuple[_Entry, ...]
    court: tuple[_Court, ...] = ()


def load_stations(path: Path | None) -> Stations:
    """Read the file of the stations; without one there is one station, and every house is its.

    Raises: StationsRefused, SettingsError for what is not even of its form.
    """
    if path is None:
        return ONE_STATION
    file = load_settings(path, _File)
    listed = tuple(PoliceStation(each.code, each.name_zh, each.name_en, _read_venues(each)) for each in file.station)
    codes = [each.code for each in listed]
    venues = [venue for each in listed for venue in each.venues]
    if len(set(codes)) != len(codes) or len(set(venues)) != len(venues):
        raise StationsRefused("double")
    if not all(map(_CODE.fullmatch, codes)) or file.supervising not in codes:
        raise StationsRefused("code")
    courts = {each.name: each.contact for each in file.court}
    if len(courts) != len(file.court):
        raise StationsRefused("double")
    return Stations(listed, file.supervising, courts)


def write_stations(path: Path, stations: Stations) -> None:
    """Write a file that `load_stations` reads. Raises: OSError."""
    lines = [f"supervising = {_quote(stations.supervising)}\n"]
    for each in stations.listed:
        venues = ", ".join(_quote(venue.hex()) for venue in sorted(each.venues))
        lines.append(
            f"\n[[station]]\ncode = {_quote(each.code)}\nname_zh = {_quote(each.name_zh)}\n"
            f"name_en = {_quote(each.name_en)}\nvenues = [{venues}]\n"
        )
    for name, contact in stations.courts.items():
        lines.append(f"\n[[court]]\nname = {_quote(name)}\ncontact = {_quote(contact)}\n")
    path.write_text("".join(lines), encoding="utf-8")


def _read_venues(entry: _Entry) -> frozenset[bytes]:
    try:
        venues = frozenset(bytes.fromhex(each) for each in entry.venues)
    except ValueError:
        raise StationsRefused("venue") from None
    if len(venues) != len(entry.venues) or any(len(each) != ID_BYTES for each in venues):
        raise StationsRefused("venue")
    return venues


def _quote(text: str) -> str:
    return msgspec.json.encode(text).decode()  # a string of ours is the same in TOML
