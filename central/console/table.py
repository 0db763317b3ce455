"""The pages about terminals: the table, and one terminal by itself."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar

from central.console.plots import Plot, draw_terminal, find_first_slot
from central.fleet.states import SeenTerminal, make_seen
from central.fleet.troubles import Trouble, find_troubles, make_bounds
from central.store import Store
from central.store.areas import Scope
from central.store.fleet import KEEP_DAYS, load_slots
from central.store.gaps import GAP_SHOWN_AFTER_S, GapRow, list_gaps
from central.store.remote_settings import SettingsRow, list_settings
from central.store.terminal_keys import KeyRow, list_keys
from central.store.terminal_pages import (
    SecurityEvent,
    Show,
    SortBy,
    Wanted,
    find_terminal,
    find_terminals,
    list_security_events,
)
from central.store.totals import SLOTS_PER_DAY

PER_PAGE = 100
MOST_TEXT = 64
MOST_EVENTS = 20
MOST_SETTINGS = 5
_FIRST_IS_LARGEST = frozenset({SortBy.HEARD, SortBy.OLDEST, SortBy.CLOCK})
_T = TypeVar("_T", Show, SortBy)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    seen: SeenTerminal
    troubles: tuple[Trouble, ...]


@dataclass(frozen=True, slots=True)
class TerminalTable:
    """One page of the table, and the addresses' values of its neighbours."""

    now: datetime
    wanted: Wanted
    rows: list[Row]
    total: int

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
        """True when some terminals may be left out."""
        return bool(self.wanted.text) or self.wanted.show is not Show.ALL

    def link(self, **changes: object) -> dict[str, str]:
        """Return the query of this table's address with some of it changed; `page` is 1 unless it is named."""
        wanted = {"show": self.wanted.show, "text": self.wanted.text, "sort": self.wanted.sort,
                  "down": "1" if self.wanted.is_descending else "", "page": 1, **changes}  # fmt: skip
        plain = {"show": Show.ALL, "sort": SortBy.URGENCY, "page": 1}
        return {name: str(value) for name, value in wanted.items() if value and plain.get(name) != value}

    def sort_link(self, sort: SortBy) -> dict[str, str]:
        """Return the query that sorts by a column, or the other way round where it is sorted by it already."""
        is_descending = not self.wanted.is_descending if sort is self.wanted.sort else sort in _FIRST_IS_LARGEST
        return self.link(sort=sort, down="1" if is_descending else "")


@dataclass(frozen=True, slots=True)
class TerminalPage:
    """One terminal by itself."""

    now: datetime
    seen: SeenTerminal
    troubles: tuple[Trouble, ...]
    plots: list[Plot]
    events: list[SecurityEvent]
    gaps: list[GapRow]
    settings: list[SettingsRow]  # the latest first
    keys: list[KeyRow]  # empty where it was never renewed

    @property
    def venue_name(self) -> str | None:
        """The house; None where nobody has put it down."""
        return self.seen.venue_name


def read_wanted(query: Mapping[str, str]) -> Wanted:
    """Return what a table's address asks for; what it says that there is not is left out."""
    page = query.get("page", "")
    number = int(page) if page.isascii() and page.isdigit() and len(page) <= 6 else 1
    return Wanted(
        show=_choose(Show, query.get("show", ""), Show.ALL),
        text=read_text(query.get("text", "")),
        sort=_choose(SortBy, query.get("sort", ""), SortBy.URGENCY),
        is_descending=query.get("down") == "1",
        first=max(0, number - 1) * PER_PAGE,
        most=PER_PAGE,
    )


def read_text(typed: str) -> str:
    """Return what somebody looks for, without what no id or name has; PostgreSQL would take no zero byte."""
    return "".join(each for each in typed if each.isprintable()).strip()[:MOST_TEXT]


def load_table(store: Store, wanted: Wanted, scope: Scope, now: datetime) -> TerminalTable:
    """Read one page of a scope's table. `now` is aware. A page beyond the last is the last. Raises: StoreError."""
    bounds = make_bounds(now)
    with store.reading() as connection:
        rows, total = find_terminals(connection, wanted, bounds, scope)
        if not rows and wanted.first:
            wanted = replace(wanted, first=max(0, total - 1) // wanted.most * wanted.most)
            rows, total = find_terminals(connection, wanted, bounds, scope)
    seen = [make_seen(row, now) for row in rows]
    return TerminalTable(now, wanted, [Row(each, find_troubles(each)) for each in seen], total)


def load_terminal(store: Store, terminal: bytes, scope: Scope, now: datetime) -> TerminalPage | None:
    """Read what is known of one terminal; None where it is not known. `now` is aware. Raises: StoreError."""
    first = find_first_slot(now)
    with store.reading() as connection:
        row = find_terminal(connection, terminal)
        slots = load_slots(connection, terminal, first, first + SLOTS_PER_DAY - 1)
        since = int((now - timedelta(days=KEEP_DAYS)).timestamp())
        events = list_security_events(connection, since, MOST_EVENTS, scope, terminal)
        settings = list_settings(connection, terminal, MOST_SETTINGS)
        keys = list_keys(connection, terminal)
        gaps = [each for each in list_gaps(connection, terminal) if each.since <= now.timestamp() - GAP_SHOWN_AFTER_S]
    if row is None:
        return None
    seen = make_seen(row, now)
    return TerminalPage(now, seen, find_troubles(seen), draw_terminal(slots, now), events, gaps, settings, keys)


def _choose(kind: type[_T], text: str, otherwise: _T) -> _T:
    try:
        return kind(text)
    except ValueError:
        return otherwise
