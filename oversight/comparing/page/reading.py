"""What the page shows of its own audit log."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from oversight.comparing.page.audit import ACTS
from oversight.comparing.store import Store
from oversight.comparing.store.schema import audit_tables
from service.audit.entry import LogAct
from service.store.audit_pages import WantedEntries, WrittenEntry, find_entries

PER_PAGE = 100
_FILLING = frozenset({str(LogAct.PADDING), str(LogAct.CHECKPOINT)})
READABLE = tuple(sorted({*ACTS, *map(str, LogAct)} - _FILLING))


@dataclass(frozen=True, slots=True)
class ReadEntries:
    """One page of the audit log, newest first."""

    wanted: WantedEntries
    entries: list[WrittenEntry]
    total: int

    @property
    def page(self) -> int:
        """The number of this page, from 1."""
        return self.wanted.first // self.wanted.most + 1

    @property
    def pages(self) -> int:
        """How many pages there are."""
        return max(1, math.ceil(self.total / self.wanted.most))

    def find_time(self, entry: WrittenEntry) -> datetime:
        """Return when an entry was written, aware UTC."""
        return datetime.fromtimestamp(entry.time, UTC)


def load_entries(store: Store, query: Mapping[str, str]) -> ReadEntries:
    """Read the page of the log that an address asks for. Raises: StoreError."""
    page = query.get("page", "")
    number = int(page) if page.isascii() and page.isdigit() and len(page) <= 9 else 1
    wanted = WantedEntries(without=_FILLING, first=max(0, number - 1) * PER_PAGE, most=PER_PAGE)
    with store.reading() as connection:
        return ReadEntries(wanted, *find_entries(connection, audit_tables, wanted))
