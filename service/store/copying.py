"""A consistent copy of the database while it is in use."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pysqlite3.dbapi2

from service.store.store import Store


def copy_database(store: Store, target: Path) -> bool:
    """Copy the database as of one moment into a new file of mode 0600. False where the engine is not SQLite.

    Writers wait for nobody meanwhile; what they commit after the copy began may be in it or not, whole transactions
    each. Raises: FileExistsError, OSError.
    """
    if not store.is_sqlite:
        return False
    os.close(os.open(target, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    source = store.engine.raw_connection()
    copy = pysqlite3.dbapi2.connect(str(target))
    try:
        driver: Any = source.driver_connection
        driver.backup(copy)
        # One file, without a write-ahead log beside it.
        copy.execute("PRAGMA journal_mode=DELETE")
    finally:
        copy.close()
        source.close()
    return True


def is_sound(path: Path) -> bool:
    """Tell whether a file is a SQLite database without damage."""
    connection = pysqlite3.dbapi2.connect(f"file:{path}?mode=ro", uri=True)
    try:
        return bool(connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)])
    except pysqlite3.dbapi2.DatabaseError:
        return False
    finally:
        connection.close()


def forget_rows(path: Path, tables: Collection[str]) -> None:
    """Empty tables of a copy, and rewrite it: what was in them is in no page of the file any more."""
    connection = pysqlite3.dbapi2.connect(str(path))
    try:
        there = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        for name in sorted(there & {*tables}):
            connection.execute(f'DELETE FROM "{name}"')
        connection.commit()
        connection.execute("VACUUM")
    finally:
        connection.close()
