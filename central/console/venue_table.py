"""The table of venues: what an address asks for, and one page of it."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from central.areas import AreaTree, load_tree
from central.console.table import read_text
from central.store import Store
from central.store.areas import Scope
from central.store.venues import Box, ShowVenues, VenueRow, WantedVenues, count_terminals, find_venues
from central.venue_rules import read_kind

PER_PAGE = 50
_HEX = frozenset("0123456789abcdef")
_WHOLE_NUMBER = re.compile(r"-?[0-9]{1,9}")


@dataclass(frozen=True, slots=True)
class VenueTable:
    """One page of venues, and the addresses' values of its neighbours."""

    wanted: WantedVenues
    rows: list[VenueRow]
    total: int
    terminals: dict[bytes, int]
    tree: AreaTree

    @property
    def page(self) -> int:
        """The number of this page, from 1."""
        return self.wanted.first // self.wanted.most + 1

    @property
    def pages(self) -> int:
        """How many pages there are."""
        return max(1, math.ceil(self.total / self.wanted.most))

    @property
    def is_filtered(self) -> bool:
        """True when some venues may be left out."""
        return replace(self.wanted, first=0) != WantedVenues(most=self.wanted.most)

    def link(self, **changes: object) -> dict[str, str]:
        """Return the query of this table's address with some of it changed; `page` is 1 unless it is named."""
        wanted = self.wanted
        values = {
            "text": wanted.text, "kind": wanted.kind, "area": wanted.area.hex() if wanted.area else "",
            "show": "" if wanted.show is ShowVenues.OPEN else wanted.show.value, "box": write_box(wanted.box),
            "page": "", **changes,
        }  # fmt: skip
        return {name: str(value) for name, value in values.items() if value and (name, value) != ("page", 1)}


def read_wanted_venues(query: Mapping[str, str]) -> WantedVenues:
    """Return what an address asks for; what it says that there is not is left out."""
    page, show = query.get("page", ""), query.get("show", "")
    number = int(page) if page.isascii() and page.isdigit() and len(page) <= 6 else 1
    kind = read_kind(query.get("kind", ""))
    return WantedVenues(
        text=read_text(query.get("text", "")),
        kind=kind.value if kind else "",
        area=read_id(query.get("area", "")),
        show=ShowVenues(show) if show in list(ShowVenues) else ShowVenues.OPEN,
        box=read_box(query.get("box", "")),
        first=max(0, number - 1) * PER_PAGE,
        most=PER_PAGE,
    )


def read_id(text: str) -> bytes | None:
    """Return the id that a text is, None for any other text."""
    return bytes.fromhex(text) if len(text) == 32 and _HEX.issuperset(text) else None


def read_box(text: str) -> Box | None:
    """Return a part of the map from "south,west,north,east" in millionths of a degree."""
    parts = text.split(",")
    if len(parts) != 4 or not all(
        each.removeprefix("-").isascii() and each.removeprefix("-").isdigit() for each in parts
    ):
        return None
    if any(len(each) > 10 for each in parts):
        return None
    south, west, north, east = map(int, parts)
    return Box(south, west, north, east) if south < north and west < east else None


def write_box(box: Box | None) -> str:
    """Return what `read_box` reads."""
    return "" if box is None else f"{box.south},{box.west},{box.north},{box.east}"


def load_venues(store: Store, wanted: WantedVenues, scope: Scope) -> VenueTable:
    """Read one page of a scope's venues. A page beyond the last is the last. Raises: StoreError."""
    with store.reading() as connection:
        rows, total = find_venues(connection, wanted, scope)
        if not rows and wanted.first:
            wanted = replace(wanted, first=max(0, total - 1) // wanted.most * wanted.most)
            rows, total = find_venues(connection, wanted, scope)
        counts = count_terminals(connection, [row.id for row in rows])
        return VenueTable(wanted, rows, total, counts, load_tree(connection, scope))
