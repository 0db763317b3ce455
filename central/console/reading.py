"""The audit log as an auditor reads it: entries in words, without the filling between them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from central.audit import ACTS
from central.console.table import read_text
from central.store import Store
from central.store.schema import audit_tables
from service.audit.entry import LogAct
from service.store.audit_pages import WantedEntries, WrittenEntry, find_entries

PER_PAGE = 100
# What the log adds by itself so that its growth tells nothing would hide everything else.
_FILLING = frozenset({str(LogAct.PADDING), str(LogAct.CHECKPOINT)})
READABLE = tuple(sorted({*ACTS, *map(str, LogAct)} - _FILLING))


@dataclass(frozen=True, slots=True)
class ReadEntries:
    """One page of the log, newest first."""

    wanted: WantedEntries
    entries: list[WrittenEntry]
    total: int

    @property
    def acts(self) -> tuple[str, ...]:
        """What can be chosen from."""
        return READABLE

    @property
    def act(self) -> str:
        """The act that is shown alone, or ""."""
        return next(iter(self.wanted.acts), "")

    @property
    def page(self) -> int:
        """The number of this page, from 1."""
        return self.wanted.first // self.wanted.most + 1

    @property
    def pages(self) -> int:
        """How many pages there are."""
        return max(1, math.ceil(self.total / self.wanted.most))

    def link(self, page: int) -> dict[str, str]:
        """Return the query of another page of the same entries."""
        values = {"act": self.act, "actor": self.wanted.actor, "page": str(page) if page > 1 else ""}
        return {name: value for name, value in values.items() if value}

    def find_time(self, entry: WrittenEntry) -> datetime:
        """Return when an entry was written, aware UTC."""
        return datetime.fromtimestamp(entry.time, UTC)


def read_entries_filter(query: Mapping[str, str]) -> WantedEntries:
    """Return what an address asks for; an act that there is not is left out."""
    act, page = query.get("act", ""), query.get("page", "")
    number = int(page) if page.isascii() and page.isdigit() and len(page) <= 9 else 1
    return WantedEntries(
        acts=frozenset({act} if act in READABLE else ()),
        without=_FILLING,
        actor=read_text(query.get("actor", "")),
        first=max(0, number - 1) * PER_PAGE,
        most=PER_PAGE,
    )


def load_entries(store: Store, wanted: WantedEntries) -> ReadEntries:
    """Read one page of the log. Raises: StoreError."""
    with store.reading() as connection:
        return ReadEntries(wanted, *find_entries(connection, audit_tables, wanted))
