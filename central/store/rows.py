"""Many rows in one statement: a list of tuples for SQLite, one array for each column for PostgreSQL.

PostgreSQL would else parse and plan a text that grows with the rows, or take a message for each row. The texts are
written here and given to the driver as they are: for the few statements of a delivery, SQLAlchemy's own way takes
longer than the database. They are made of our tables' names alone; every value is a parameter.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any

from sqlalchemy import Column, Row, Table
from sqlalchemy.dialects import postgresql

from central.store.base import Connection

Columns = tuple[Column[Any], ...]

_POSTGRESQL = postgresql.dialect()  # type: ignore[no-untyped-call]


def select_among(
    connection: Connection, wanted: Columns, keys: Columns, values: Collection[tuple[Any, ...]], *, lock: bool = False
) -> Sequence[Row[Any]]:
    """Return the columns `wanted` of the rows whose columns `keys` are among `values`. All are of one table.

    With `lock` no other transaction can lock these rows before this one ends. They are locked in the order of `keys`,
    so that two transactions never wait for each other; SQLite has one writer anyway.
    """
    if not values:
        return []
    if connection.dialect.name != "sqlite":
        return connection.exec_driver_sql(_select_by_arrays(wanted, keys, lock), _turn(values)).all()
    # In steps, so that SQLite meets the same few texts again and has them ready. A repeated value changes nothing.
    count = 1 << (len(values) - 1).bit_length()
    padding = next(iter(values)) * (count - len(values))
    parameters = (*chain.from_iterable(values), *padding)
    return connection.exec_driver_sql(_select_by_tuples(wanted, keys, count), parameters).all()


def insert_rows(connection: Connection, table: Table, rows: Sequence[dict[str, Any]], update: str = "") -> None:
    """Insert rows that have the same columns. With `update`, that column of a row that is there already is replaced.

    A row that is there already is an error where `update` names no column.
    """
    if not rows:
        return
    values = [tuple(row.values()) for row in rows]
    text = _insert_text(connection.dialect.name, table, tuple(rows[0]), update)
    connection.exec_driver_sql(text, values if connection.dialect.name == "sqlite" else _turn(values))


def _turn(values: Collection[tuple[Any, ...]]) -> tuple[list[Any], ...]:
    return tuple(map(list, zip(*values, strict=True)))


@lru_cache(maxsize=128)
def _select_by_tuples(wanted: Columns, keys: Columns, count: int) -> str:
    each = f"({', '.join('?' * len(keys))})"
    return f"{_select_from(wanted, keys)} ({_list_names(keys)}) IN (VALUES {', '.join([each] * count)})"


@lru_cache(maxsize=64)
def _select_by_arrays(wanted: Columns, keys: Columns, lock: bool) -> str:
    among = f"({_list_names(keys)}) IN (SELECT {_unnest(keys)})"
    if len(keys) == 1:
        # The plain form: rows that are locked are looked at again when another transaction has changed them.
        among = f"{keys[0].name} = ANY(%s::{_name_type(keys[0])}[])"
    ending = f" ORDER BY {_list_names(keys)} FOR NO KEY UPDATE" if lock else ""
    return f"{_select_from(wanted, keys)} {among}{ending}"


def _select_from(wanted: Columns, keys: Columns) -> str:
    return f"SELECT {_list_names(wanted)} FROM {keys[0].table.name} WHERE"


@lru_cache(maxsize=64)
def _insert_text(dialect: str, table: Table, names: tuple[str, ...], update: str) -> str:
    columns = tuple(table.c[name] for name in names)
    source = f"VALUES ({', '.join('?' * len(names))})" if dialect == "sqlite" else f"SELECT {_unnest(columns)}"
    text = f"INSERT INTO {table.name} ({_list_names(columns)}) {source}"
    if not update:
        return text
    return f"{text} ON CONFLICT ({_list_names(tuple(table.primary_key))}) DO UPDATE SET {update} = excluded.{update}"


def _unnest(columns: Columns) -> str:
    # Several in one select run side by side.
    return ", ".join(f"unnest(%s::{_name_type(each)}[])" for each in columns)


def _name_type(column: Column[Any]) -> str:
    return column.type.compile(_POSTGRESQL)


def _list_names(columns: Columns) -> str:
    return ", ".join(each.name for each in columns)
