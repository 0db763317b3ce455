"""Queries of an audit log."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, func, insert, select, text

from service.audit.entry import Entry
from service.store.audit_tables import AuditTables

_LOCK = 0x6B6A7461  # "kjta": one transaction at a time appends


def lock_log(connection: Connection) -> None:
    """Let nobody else append until this transaction ends. SQLite has one writer anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})


def count_leaves(connection: Connection, tables: AuditTables) -> int:
    """Return how many leaves there are; they are numbered from 0 without a gap."""
    last = connection.execute(select(func.max(tables.leaves.c.number))).scalar_one()
    return 0 if last is None else last + 1


def add_entries(connection: Connection, tables: AuditTables, entries: Sequence[Entry]) -> None:
    """Append entries with their commitments, under `lock_log`."""
    leaves = [{"number": each.number, "commitment": each.commitment} for each in entries]
    connection.execute(insert(tables.leaves), leaves)
    names = ("number", "time", "actor", "act", "subject", "salt")
    connection.execute(insert(tables.entries), [{name: getattr(each, name) for name in names} for each in entries])
