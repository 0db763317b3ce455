"""Database engines of our services. SQLite through pysqlite3: the standard library's has a WAL fault."""

from __future__ import annotations

from pathlib import Path

import pysqlite3.dbapi2
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry


def open_engine(path: Path) -> Engine:
    """Open a SQLite database: write-ahead log, every commit synced, deleted rows overwritten."""
    engine = create_engine(f"sqlite+pysqlite:///{path}", module=pysqlite3.dbapi2)
    event.listen(engine, "connect", _prepare_connection)
    event.listen(engine, "begin", _begin_immediate)
    return engine


def _prepare_connection(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    # The driver must not open transactions of its own: BEGIN IMMEDIATE below does, once, and up front,
    # so that two writers wait for each other instead of failing half-way.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON", "busy_timeout=10000", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_immediate(connection: object) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")  # type: ignore[attr-defined]
