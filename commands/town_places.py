"""The demonstration's district, stations and houses in central: invented, like everybody in it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from central.store import Store
from central.store.areas import WHOLE, AreaKind, AreaRow, insert_area, load_area
from central.store.venues import insert_venues, load_venue
from central.venue_rules import VenueFields
from records.profile import VenueKind

_DISTRICT, _STATIONS = bytes.fromhex("d0" * 16), (bytes.fromhex("d1" * 16), bytes.fromhex("d2" * 16))
# Somewhere in a sea, so that nobody's town is meant.
_LATITUDE, _LONGITUDE = 12_400_000, 119_200_000


@dataclass(frozen=True, slots=True)
class InventedHouse:
    """A house of the town as central registers it."""

    number: int
    venue: str
    name: str
    address: str
    kind: str
    rooms: int


def ensure_places(store: Store, houses: Iterable[InventedHouse], now: datetime) -> None:
    """Register what a data folder does not have yet; what somebody changed since stays. `now` is aware."""
    with store.writing() as connection:
        if load_area(connection, _DISTRICT) is None:
            insert_area(connection, AreaRow(_DISTRICT, WHOLE, AreaKind.DISTRICT, "Harbour 海港区"))
            for station, name in zip(_STATIONS, ("East 东港所", "West 西港所"), strict=True):
                insert_area(connection, AreaRow(station, _DISTRICT, AreaKind.STATION, name))
        for house in houses:
            venue = bytes.fromhex(house.venue)
            if load_venue(connection, venue) is None:
                insert_venues(connection, [(venue, _describe(house))], int(now.timestamp()))


def _describe(house: InventedHouse) -> VenueFields:
    place = _LATITUDE + house.number * 3_000, _LONGITUDE + house.number % 3 * 7_000
    station = _STATIONS[house.number % len(_STATIONS)]
    licence = f"UTO-2026-{house.number:04}"
    return VenueFields(licence, VenueKind(house.kind), house.name, house.address, *place, house.rooms, station)
