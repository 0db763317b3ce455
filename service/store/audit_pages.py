"""An audit log cut into pages, for whoever reads it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, and_, func, select, true

from service.store.audit_tables import AuditTables


@dataclass(frozen=True, slots=True)
class WrittenEntry:
    """An entry as it is read: without its salt, which only proofs need."""

    number: int
    time: int  # seconds since 1970
    actor: str
    act: str
    subject: str


@dataclass(frozen=True, slots=True)
class WantedEntries:
    """Which entries to read: of some acts (all where empty), of one actor (all where empty)."""

    acts: frozenset[str] = frozenset()
    without: frozenset[str] = frozenset()
    actor: str = ""
    first: int = 0
    most: int = 100


def find_entries(connection: Connection, tables: AuditTables, wanted: WantedEntries) -> tuple[list[WrittenEntry], int]:
    """Return one page of entries that have their text still, newest first, and how many there are on all pages."""
    entries = tables.entries.c
    chosen = and_(_is_among(entries.act, wanted.acts), entries.act.not_in(wanted.without), _is_by(tables, wanted.actor))
    query = select(entries.number, entries.time, entries.actor, entries.act, entries.subject).where(chosen)
    page = query.order_by(entries.number.desc()).offset(wanted.first).limit(wanted.most)
    count = select(func.count()).select_from(tables.entries).where(chosen)
    return [WrittenEntry(*row) for row in connection.execute(page)], connection.execute(count).scalar_one()


def _is_among(column: ColumnElement[str], values: Collection[str]) -> ColumnElement[bool]:
    return column.in_(values) if values else true()


def _is_by(tables: AuditTables, actor: str) -> ColumnElement[bool]:
    return tables.entries.c.actor == actor if actor else true()
