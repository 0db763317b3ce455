"""Looking at the database from outside, without changing it."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import inspect, text

from central.store.base import Connection
from central.store.schema import metadata
from service.store import open_engine


def find_missing(database: Path | str) -> list[str]:
    """Return the tables and columns ("table.column") that this release needs and the database lacks.

    Raises: StoreError when it cannot be read, FileNotFoundError.
    """
    if isinstance(database, Path) and not database.exists():
        raise FileNotFoundError(database)  # opening would make it
    engine = open_engine(database)
    try:
        found = inspect(engine)
        tables = {*found.get_table_names()}
        missing = [name for name in metadata.tables if name not in tables]
        for name, table in metadata.tables.items():
            if name in tables:
                columns = {column["name"] for column in found.get_columns(name)}
                missing += [f"{name}.{column.name}" for column in table.columns if column.name not in columns]
        return missing
    finally:
        engine.dispose()


def measure_database(connection: Connection) -> int:
    """Return the size of the database in bytes, as the engine itself tells it."""
    if connection.dialect.name == "sqlite":
        size = text("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()")
    else:
        size = text("SELECT pg_database_size(current_database())")
    return int(connection.execute(size).scalar_one())
