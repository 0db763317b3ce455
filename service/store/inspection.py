"""Looking at a service's database without changing it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Engine, MetaData, inspect, text


@dataclass(frozen=True, slots=True)
class EnabledNames:
    """The accounts that may sign in, and those among them that have not set up a second factor."""

    all: tuple[str, ...]
    without_factor: tuple[str, ...]


def find_missing_tables(engine: Engine, metadata: MetaData) -> list[str]:
    """Return the tables and columns ("table.column") that a release needs and a database lacks. Raises: StoreError."""
    found = inspect(engine)
    tables = {*found.get_table_names()}
    missing = [name for name in metadata.tables if name not in tables]
    for name, table in metadata.tables.items():
        if name in tables:
            columns = {column["name"] for column in found.get_columns(name)}
            missing += [f"{name}.{column.name}" for column in table.columns if column.name not in columns]
    return missing


def list_without_factor(engine: Engine) -> EnabledNames:
    """Return the accounts that may sign in, by name. Raises: StoreError."""
    query = text(
        "SELECT name, factor IS NOT NULL OR EXISTS (SELECT 1 FROM security_keys WHERE account = name) AS has_factor"
        " FROM accounts WHERE is_enabled ORDER BY name"
    )
    with engine.connect() as connection:
        rows = connection.execute(query).all()
    return EnabledNames(tuple(row.name for row in rows), tuple(row.name for row in rows if not row.has_factor))
