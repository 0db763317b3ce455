"""Looking at the database from outside, without changing it."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import text

from central.store.base import Connection
from central.store.schema import metadata
from service.store import open_engine
from service.store.inspection import find_missing_tables


def find_missing(database: Path | str) -> list[str]:
    """Return the tables and columns ("table.column") that this release needs and the database lacks.

    Raises: StoreError when it cannot be read, FileNotFoundError.
    """
    if isinstance(database, Path) and not database.exists():
        raise FileNotFoundError(database)  # opening would make it
    engine = open_engine(database)
    try:
        return find_missing_tables(engine, metadata)
    finally:
        engine.dispose()


def measure_database(connection: Connection) -> int:
    """Return the size of the database in bytes, as the engine itself tells it."""
    if connection.dialect.name == "sqlite":
        size = text("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()")
    else:
        size = text("SELECT pg_database_size(current_database())")
    return int(connection.execute(size).scalar_one())
