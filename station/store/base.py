"""Opening the station's database."""

from __future__ import annotations

from pathlib import Path

from service.store import Connection, Store, StoreError, open_engine, upgrade_database

__all__ = ["MIGRATIONS", "Connection", "Store", "StoreError", "open_store"]

MIGRATIONS = Path(__file__).parent / "migrations"


def open_store(database: Path | str) -> Store:
    """Open the database at a path or URL (see `service.store.open_engine`), and upgrade an empty or older one.

    Raises: DatabaseAddressRefused, DatabaseTooNew, StoreError, OSError.
    """
    engine = open_engine(database)
    try:
        upgrade_database(engine, MIGRATIONS)
    except BaseException:
        engine.dispose()
        raise
    return Store(engine)
