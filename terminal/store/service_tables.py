"""The receiving service's tables of codes as they were last loaded: public data, so not sealed."""

from __future__ import annotations

from datetime import UTC, datetime

from terminal.store.database import Database


def keep_tables(database: Database, destination: str, data: bytes, now: datetime) -> None:
    """Keep tables in place of those before. Raises: NotSaved."""
    with database.transaction() as connection:
        connection.execute(
            "INSERT OR REPLACE INTO service_tables VALUES (?, ?, ?)", (destination, now.timestamp(), data)
        )


def read_tables(database: Database, destination: str) -> tuple[bytes, datetime] | None:
    """Return the tables and when they were loaded, None where they never were."""
    with database.reading() as connection:
        row = connection.execute(
            "SELECT data, fetched_s FROM service_tables WHERE destination = ?", (destination,)
        ).fetchone()
    return None if row is None else (row[0], datetime.fromtimestamp(row[1], UTC))
