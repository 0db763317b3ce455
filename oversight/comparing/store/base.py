"""Opening the database of oversight's page."""

from __future__ import annotations

from pathlib import Path

from service.store import Store, StoreError, open_engine, upgrade_database

__all__ = ["MIGRATIONS", "Store", "StoreError", "open_store"]

MIGRATIONS = Path(__file__).parent / "migrations"


def open_store(database: Path) -> Store:
    """Open the SQLite file, and upgrade an empty or older one. Raises: DatabaseTooNew, StoreError, OSError."""
    engine = open_engine(database)
    try:
        upgrade_database(engine, MIGRATIONS)
    except BaseException:
        engine.dispose()
        raise
    return Store(engine)
