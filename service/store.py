"""Database engines of our services. SQLite through pysqlite3: the standard library's has a WAL fault."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

import pysqlite3.dbapi2
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry


def open_engine(path: Path) -> Engine:
    """Open a SQLite database: write-ahead log, every commit synced, deleted rows overwritten."""
    # An error must not quote the values it failed on.
    engine = create_engine(f"sqlite+pysqlite:///{path}", module=pysqlite3.dbapi2, hide_parameters=True)
    event.listen(engine, "connect", _prepare_connection)
    event.listen(engine, "begin", _begin)
    return engine


def begin_reading(engine: Engine) -> AbstractContextManager[Connection]:
    """Open a transaction that only reads: it waits for no writer, and no writer waits for it."""
    return engine.execution_options(reads_only=True).begin()


def _prepare_connection(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    # The driver must not open transactions of its own: BEGIN IMMEDIATE below does, once, and up front,
    # so that two writers wait for each other instead of failing half-way.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON", "busy_timeout=10000", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Connection) -> None:
    reads_only = connection.get_execution_options().get("reads_only", False)
    connection.exec_driver_sql("BEGIN" if reads_only else "BEGIN IMMEDIATE")
