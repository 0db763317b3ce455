"""Queries of security keys. Times are seconds since 1970."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import Connection, delete, func, select, update

from service.store.account_tables import AccountTables
from service.store.store import make_upsert


@dataclass(frozen=True, slots=True)
class SecurityKeyRow:
    """One security key as it is kept."""

    credential: bytes = field(repr=False)
    account: str
    public_key: bytes = field(repr=False)
    sign_count: int
    title: str = field(repr=False)
    made_at: int
    used_at: int | None = None
    suspected_at: int | None = None


def insert_key(connection: Connection, tables: AccountTables, row: SecurityKeyRow) -> bool:
    """Add a key; False when it is there already, whosever it is."""
    keys = tables.security_keys
    values = {name: getattr(row, name) for name in SecurityKeyRow.__slots__}
    statement = make_upsert(connection, keys).values(values).on_conflict_do_nothing()
    return connection.execute(statement.returning(keys.c.credential)).one_or_none() is not None


def list_keys(connection: Connection, tables: AccountTables, account: str) -> list[SecurityKeyRow]:
    """Return an account's keys, the oldest first."""
    keys = tables.security_keys
    rows = connection.execute(select(keys).where(keys.c.account == account).order_by(keys.c.made_at, keys.c.credential))
    return [SecurityKeyRow(**row._mapping) for row in rows]


def count_keys(connection: Connection, tables: AccountTables, account: str) -> int:
    """Return how many keys an account has, those under suspicion too."""
    keys = tables.security_keys
    return connection.execute(select(func.count()).where(keys.c.account == account)).scalar_one()


def count_keys_by_account(connection: Connection, tables: AccountTables) -> dict[str, int]:
    """Return how many keys each account has, those with none left out."""
    keys = tables.security_keys
    rows = connection.execute(select(keys.c.account, func.count().label("n")).group_by(keys.c.account))
    return {row.account: row.n for row in rows}


def note_use(connection: Connection, tables: AccountTables, row: SecurityKeyRow, sign_count: int, now: int) -> bool:
    """Note a key's new counter; False when it was used, taken away or suspected since `row` was read."""
    keys = tables.security_keys
    statement = update(keys).where(
        keys.c.credential == row.credential, keys.c.sign_count == row.sign_count, keys.c.suspected_at.is_(None)
    )
    return connection.execute(statement.values(sign_count=sign_count, used_at=now)).rowcount == 1


def suspect_key(connection: Connection, tables: AccountTables, credential: bytes, now: int) -> None:
    """Let a key open nothing any more, until its holder takes it away."""
    keys = tables.security_keys
    connection.execute(update(keys).where(keys.c.credential == credential).values(suspected_at=now))


def rename_key(connection: Connection, tables: AccountTables, credential: bytes, title: str) -> None:
    """Give a key another name."""
    keys = tables.security_keys
    connection.execute(update(keys).where(keys.c.credential == credential).values(title=title))


def delete_key(connection: Connection, tables: AccountTables, credential: bytes) -> None:
    """Take a key away."""
    connection.execute(delete(tables.security_keys).where(tables.security_keys.c.credential == credential))


def delete_keys(connection: Connection, tables: AccountTables, account: str) -> None:
    """Take all keys of an account away."""
    connection.execute(delete(tables.security_keys).where(tables.security_keys.c.account == account))
