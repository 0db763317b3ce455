"""The database of a log that lies in a folder by itself: the audit log's tables and no others."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import MetaData

from service.store import Store, open_engine
from service.store.audit_tables import add_audit_tables

_metadata = MetaData()
own_tables = add_audit_tables(_metadata)


def open_own_store(database: Path) -> Store:
    """Open the SQLite file, and make its tables where it is new. Raises: StoreError, OSError."""
    engine = open_engine(database)
    try:
        _metadata.create_all(engine)
    except BaseException:
        engine.dispose()
        raise
    return Store(engine)
