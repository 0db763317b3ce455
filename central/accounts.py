"""The accounts of central's administrators: in central's database, their key in a file beside it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from central.store import Store
from central.store.schema import account_tables
from service.accounts import AccountBook, AccountKey, SessionBook, create_account_key, load_account_key
from service.audit import Audit


def open_accounts(
    store: Store, key: AccountKey, audit: Audit, clock: Callable[[], datetime]
) -> tuple[AccountBook, SessionBook]:
    """Return the accounts and the sessions of central's database."""
    return AccountBook(store, account_tables, key, audit, clock), SessionBook(store, account_tables, clock)


def ensure_account_key(path: Path) -> AccountKey:
    """Load the accounts' key, or make it the first time. Raises: AccountKeyRefused, OSError."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        return create_account_key(path)
    except FileExistsError:
        return load_account_key(path)
