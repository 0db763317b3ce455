"""A service's database, and its two kinds of transaction."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field

from sqlalchemy import Connection, Engine, Table
from sqlalchemy.dialects import postgresql, sqlite

from service.store.engine import begin_reading


@dataclass(frozen=True, slots=True)
class Store:
    """The database of one service."""

    engine: Engine
    # SQLite lets one writer in and puts the others to sleep for longer and longer; our own threads queue instead.
    turn: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def is_sqlite(self) -> bool:
        """True for the embedded database, which one machine has to itself."""
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Open a transaction that commits to disk at its end, or not at all; a process has one at a time."""
        with self.turn, self.engine.begin() as connection:
            yield connection

    def reading(self) -> AbstractContextManager[Connection]:
        """Open a transaction that sees one state of the database and waits for nobody."""
        return begin_reading(self.engine)

    def truncate_log(self) -> None:
        """Empty SQLite's write-ahead log, which else keeps what was deleted. Does nothing while others use it.

        PostgreSQL's goes by the server's own settings; what lies in it is sealed under keys that are not.
        """
        if not self.is_sqlite:
            return
        connection = self.engine.raw_connection()
        try:
            connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            connection.close()

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def make_upsert(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """Return an insert of this database's own dialect, for `on_conflict_do_…`, which the two spell alike."""
    return sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)
