"""Many rows in one statement: a list of tuples for SQLite, one array for each column for PostgreSQL.

PostgreSQL would else parse and plan a text that grows with the rows, or take a message for each row.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Column, CursorResult, Insert, LargeBinary, Select, Table, bindparam, func, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.types import TypeEngine, UserDefinedType

from central.store.base import Connection

Columns = tuple[Column[Any], ...]


def select_among(
    connection: Connection, wanted: Columns, keys: Columns, values: Collection[tuple[Any, ...]]
) -> CursorResult[Any]:
    """Return the columns `wanted` of the rows whose columns `keys` are among `values`. All are of one table."""
    if connection.dialect.name == "sqlite":
        return connection.execute(_select_by_tuples(wanted, keys), {"values": values})
    return connection.execute(_select_by_arrays(wanted, keys), _turn([each.name for each in keys], values))


def insert_rows(connection: Connection, table: Table, rows: Sequence[dict[str, Any]], update: str = "") -> None:
    """Insert rows that have the same columns. With `update`, that column of a row that is there already is replaced.

    A row that is there already is an error where `update` names no column.
    """
    if not rows:
        return
    names = tuple(rows[0])
    statement = _insert_statement(connection.dialect.name, table, names, update)
    if connection.dialect.name == "sqlite":
        connection.execute(statement, rows)
    else:
        connection.execute(statement, _turn(names, [tuple(row.values()) for row in rows]))


def _turn(names: Sequence[str], values: Collection[tuple[Any, ...]]) -> dict[str, list[Any]]:
    return {name: list(column) for name, column in zip(names, zip(*values, strict=True), strict=True)}


# Statements are made once: making them costs as much as running them.
@lru_cache(maxsize=64)
def _select_by_tuples(wanted: Columns, keys: Columns) -> Select[Any]:
    return select(*wanted).where(tuple_(*keys).in_(bindparam("values", expanding=True)))


@lru_cache(maxsize=64)
def _select_by_arrays(wanted: Columns, keys: Columns) -> Select[Any]:
    return select(*wanted).where(tuple_(*keys).in_(_unnest(keys)))


@lru_cache(maxsize=64)
def _insert_statement(dialect: str, table: Table, names: tuple[str, ...], update: str) -> Insert:
    statement = sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)
    if dialect != "sqlite":
        statement = statement.from_select(names, _unnest(tuple(table.c[name] for name in names)))
    if not update:
        return statement
    key = [each.name for each in table.primary_key]
    return statement.on_conflict_do_update(index_elements=key, set_={update: statement.excluded[update]})


def _unnest(columns: Columns) -> Select[Any]:
    # Several in one select run side by side.
    return select(*(func.unnest(bindparam(each.name, type_=_make_array(each.type))) for each in columns))


def _make_array(of: TypeEngine[Any]) -> postgresql.ARRAY[Any]:
    return postgresql.ARRAY(_PlainBytes() if isinstance(of, LargeBinary) else of)


class _PlainBytes(UserDefinedType[bytes]):
    """Bytes as they are: wrapped as SQLAlchemy does, psycopg would write arrays of them as text."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "BYTEA"
