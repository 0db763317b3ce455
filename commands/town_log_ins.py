"""The demonstration's accounts for central's console: made afresh for each data folder, and printed at every start.

An installation makes its own with `kjt central accounts`; nobody but the holder ever knows password and second factor.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path

import msgspec

from central.accounts import open_accounts
from central.audit import COMMAND_LINE, open_audit
from central.console.roles import ACCOUNTS, ADMINISTRATORS, AUDITORS, Role
from central.settings import CentralSettings
from central.store import open_store
from central.store.areas import WHOLE, write_scope
from central.store.schema import account_tables
from commands.town_folder import write_whole
from service.accounts import AccountBook, ensure_account_key
from service.accounts.one_time_codes import STEP_S, compute_code
from service.store.accounts import add_role

# Two administrators, so that what takes two people can be tried.
_ACCOUNTS: dict[str, tuple[Role, ...]] = {
    "administrator": (*ADMINISTRATORS, *ACCOUNTS),
    "colleague": (*ADMINISTRATORS, *ACCOUNTS),
    "auditor": AUDITORS,
}


@dataclass(frozen=True, slots=True)
class LogIn:
    """What somebody needs to sign in to a page of the demonstration."""

    service: str
    url: str
    name: str
    roles: list[str]
    password: str
    totp_secret: str  # base32, as authenticator apps take it

    def draw(self) -> str:
        """Return the line for whoever started the demonstration."""
        return f"    {self.name:<25} password {self.password}   second factor (TOTP) {self.totp_secret}\n"


def ensure_log_ins(settings: CentralSettings, path: Path, now: datetime) -> list[LogIn]:
    """Return the log-ins of a town, and make those that a data folder does not have yet.

    `now` is aware. `path` is the file, beside the demonstration's keys, in which they are kept for the next start.
    Raises: StoreError, OSError.
    """
    store = open_store(settings.database)
    try:
        # One moment for all of it: hashing may take longer than a code is good.
        audit = open_audit(store, lambda: now)
        book, _ = open_accounts(store, ensure_account_key(settings.account_key), audit, lambda: now)
        made = keep_log_ins(book, _ACCOUNTS, path, ("central console", settings.console_origin + "/"), now)
        with store.writing() as connection:
            for name, roles in _ACCOUNTS.items():
                write_scope(connection, name, WHOLE)
                for role in roles:  # one that a data folder of before does not have
                    add_role(connection, account_tables, name, str(role))
    finally:
        store.close()
    return made


def keep_log_ins(
    book: AccountBook, accounts: Mapping[str, Sequence[StrEnum]], path: Path, service: tuple[str, str], now: datetime
) -> list[LogIn]:
    """Return log-ins to a service (its name and address), those kept in the file `path` where they still are good.

    The others are made, and all are kept. `now` is aware. Raises: StoreError, OSError.
    """
    kept = {each.name: each for each in _read(path)}
    made = [
        replace(kept[name], url=service[1])
        if name in kept and book.find(name) is not None
        else _make(book, name, roles, service, now)
        for name, roles in accounts.items()
    ]
    write_whole(path, msgspec.json.encode(made).decode())
    path.chmod(0o600)
    return made


def _make(book: AccountBook, name: str, roles: Sequence[StrEnum], service: tuple[str, str], now: datetime) -> LogIn:
    if book.find(name) is None:
        book.add(name, roles, by=COMMAND_LINE)
    else:
        book.reset(name, by=COMMAND_LINE)
    password = "-".join(secrets.token_hex(2) for _ in range(5))
    book.set_password(name, password)
    pending = book.make_factor(name)
    secret = book.show_factor(name, pending)
    # The code before the present one: no code is good twice, and somebody may want to sign in at once.
    book.confirm_second_factor(name, pending, compute_code(secret, int(now.timestamp()) - STEP_S))
    shown = base64.b32encode(secret).decode().rstrip("=")
    return LogIn(*service, name, [str(role) for role in roles], password, shown)


def _read(path: Path) -> list[LogIn]:
    try:
        return msgspec.json.decode(path.read_bytes(), type=list[LogIn])
    except (OSError, msgspec.MsgspecError):
        return []
