"""A service's audit log as its readers see it: entries in words, the latest first, without the filling between them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from service.audit.entry import LogAct
from service.pages.subjects import COMMON, About, say_subject
from service.pages.texts import Words
from service.store import Store
from service.store.audit_pages import WantedEntries, WrittenEntry, find_entries
from service.store.audit_tables import AuditTables

PER_PAGE = 100
# What the log adds by itself so that its growth tells nothing would hide everything else.
_FILLING = frozenset({str(LogAct.PADDING), str(LogAct.CHECKPOINT)})


@dataclass(frozen=True, slots=True)
class ReadEntries:
    """One page of the log, newest first."""

    wanted: WantedEntries
    entries: list[WrittenEntry]
    total: int
    about: About

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

    def say_subject(self, words: Words, entry: WrittenEntry) -> str:
        """Return what an entry is about, in words."""
        return say_subject(words, self.about, entry.act, entry.subject)

    def find_time(self, entry: WrittenEntry) -> datetime:
        """Return when an entry was written, aware UTC."""
        return datetime.fromtimestamp(entry.time, UTC)


def list_readable(acts: Iterable[str]) -> tuple[str, ...]:
    """Return a service's own acts and the log's, without the filling: each needs a word on its pages."""
    return tuple(sorted({*acts, *map(str, LogAct)} - _FILLING))


def read_wanted(query: Mapping[str, str], act: str = "", actor: str = "") -> WantedEntries:
    """Return the page that an address asks for, of one act or actor where one is given."""
    page = query.get("page", "")
    number = int(page) if page.isascii() and page.isdigit() and len(page) <= 9 else 1
    acts = frozenset({act} if act else ())
    return WantedEntries(acts, _FILLING, actor, first=max(0, number - 1) * PER_PAGE, most=PER_PAGE)


def load_entries(store: Store, tables: AuditTables, wanted: WantedEntries, about: About) -> ReadEntries:
    """Read one page of the log; `about` says of the service's own acts what their subjects are. Raises: StoreError."""
    with store.reading() as connection:
        return ReadEntries(wanted, *find_entries(connection, tables, wanted), {**COMMON, **about})
