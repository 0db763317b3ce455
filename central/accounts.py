"""The accounts of central's administrators: in central's database, their key in a file beside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from central.store import Store
from central.store.schema import account_tables
from service.accounts import AccountBook, AccountKey, SessionBook
from service.accounts.passwords import STRONG, Strength
from service.audit import Audit
from service.store import open_engine
from service.store.accounts import list_accounts
from service.store.security_keys import count_keys_by_account


def open_accounts(
    store: Store, key: AccountKey, audit: Audit, clock: Callable[[], datetime], strength: Strength = STRONG
) -> tuple[AccountBook, SessionBook]:
    """Return the accounts and the sessions of central's database."""
    book = AccountBook(store, account_tables, key, audit, clock, strength)
    return book, SessionBook(store, account_tables, clock)


@dataclass(frozen=True, slots=True)
class EnabledAccount:
    """An account that may sign in, seen from outside."""

    name: str
    has_factor: bool


def list_enabled_accounts(database: Path | str) -> list[EnabledAccount]:
    """Return the accounts that may sign in, without changing the database.

    Raises: StoreError, also where it has no tables for accounts yet; FileNotFoundError.
    """
    if isinstance(database, Path) and not database.exists():
        raise FileNotFoundError(database)  # opening would make it
    store = Store(open_engine(database))
    try:
        with store.reading() as connection:
            rows = [row for row, _ in list_accounts(connection, account_tables)]
            keys = count_keys_by_account(connection, account_tables)
    finally:
        store.close()
    return [EnabledAccount(row.name, row.factor is not None or row.name in keys) for row in rows if row.is_enabled]
