"""An empty SQLite database is made by its migrations once in a process, and copied from then on.

Hundreds of tests open one, and the migrations took each of them a twentieth of a second. Tests of migrations call
`service.store.engine.migrate` itself; what holds a table is migrated as ever, and so is a database of another process.
"""

from __future__ import annotations

import tempfile
import threading
from functools import cache
from pathlib import Path
from typing import Any

import pysqlite3.dbapi2 as sqlite3
from sqlalchemy import Engine

from service.store.engine import begin_reading, migrate, open_engine

_one_at_a_time = threading.Lock()


def migrate_or_copy(engine: Engine, migrations: Path, revision: str, *, down: bool = False) -> None:
    """Do what `migrate` does."""
    with _one_at_a_time:
        if engine.dialect.name != "sqlite" or revision != "head" or down or not _is_empty(engine):
            migrate(engine, migrations, revision, down=down)
        else:
            _copy(_make_empty(migrations), engine)


def _is_empty(engine: Engine) -> bool:
    with begin_reading(engine) as connection:
        return connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar() == 0


def _copy(kept: Any, engine: Engine) -> None:
    connection = engine.raw_connection()
    try:
        kept.backup(connection.driver_connection)
    finally:
        connection.close()


@cache
def _make_empty(migrations: Path) -> Any:
    """Return a connection to a database in memory as these migrations make it."""
    kept = sqlite3.connect(":memory:", check_same_thread=False)
    with tempfile.TemporaryDirectory() as folder:
        engine = open_engine(Path(folder, "empty.db"))
        migrate(engine, migrations, "head")
        made = engine.raw_connection()
        made.driver_connection.backup(kept)
        made.close()
        engine.dispose()
    return kept
