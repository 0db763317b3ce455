"""Opening the database, and its two kinds of transaction."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError as StoreError

from central.store.schema import metadata
from service.store import begin_reading, open_engine

__all__ = ["Connection", "Store", "StoreError", "open_store"]


@dataclass(frozen=True, slots=True)
class Store:
    """Central's database."""

    engine: Engine
    # SQLite lets one writer in and puts the others to sleep for longer and longer; our own threads queue instead.
    turn: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Open a transaction that commits to disk at its end, or not at all; there is one at a time."""
        with self.turn, self.engine.begin() as connection:
            yield connection

    def reading(self) -> AbstractContextManager[Connection]:
        """Open a transaction that sees one state of the database and waits for nobody."""
        return begin_reading(self.engine)

    def truncate_log(self) -> None:
        """Empty the write-ahead log, which else keeps what was deleted. Does nothing while others use it."""
        connection = self.engine.raw_connection()
        try:
            connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            connection.close()

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def open_store(path: Path) -> Store:
    """Open the database, mode 0600, and make what tables it lacks. Raises: StoreError."""
    # SQLite gives the write-ahead log the mode of the database, so the mode must be right from the start.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    engine = open_engine(path)
    metadata.create_all(engine)
    return Store(engine)
