"""Opening the station's database."""

from __future__ import annotations

from pathlib import Path

from service.store import (
    Connection,
    DatabaseAddressRefused,
    Store,
    StoreError,
    is_on_this_machine,
    open_engine,
    upgrade_database,
)

__all__ = ["MIGRATIONS", "Connection", "Store", "StoreError", "open_store"]

# Longer than anything takes between two statements, shorter than an alert may be silent: a process that was stopped in
# the middle of a transaction would else hold up every other one until it goes on.
IDLE_S = 20
MIGRATIONS = Path(__file__).parent / "migrations"


def open_store(database: Path | str) -> Store:
    """Open the database at a path or URL (see `service.store.open_engine`), and upgrade an empty or older one.

    A server on another machine is refused whoever asks, as every other address of the demonstration is.
    Raises: DatabaseAddressRefused, DatabaseTooNew, StoreError, OSError.
    """
    if isinstance(database, str) and not database.startswith("sqlite:") and not is_on_this_machine(database):
        raise DatabaseAddressRefused("this machine")
    engine = open_engine(database, IDLE_S)
    try:
        upgrade_database(engine, MIGRATIONS)
    except BaseException:
        engine.dispose()
        raise
    return Store(engine)
