"""Security keys of accounts: a second factor that cannot be guessed, overheard, or used on another site's page."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from service.accounts.acts import AccountAct
from service.accounts.errors import KeyRefused, KeySuspected, KeyTaken, KeyTitleRefused, LastFactor, TooManyKeys
from service.accounts.key import AccountKey
from service.accounts.key_ceremonies import RelyingParty, ask_for_key, read_named_key, read_new_key, verify_proof
from service.audit import Audit
from service.store import Connection, Store
from service.store import accounts as accounts_rows
from service.store import security_keys as rows
from service.store.account_tables import AccountTables
from service.store.security_keys import SecurityKeyRow
from service.store.sessions import delete_sessions

MOST_KEYS = 5
MAX_TITLE = 40


@dataclass(frozen=True, slots=True)
class SecurityKey:
    """One key as its holder sees it."""

    number: str  # tells it from others; opens nothing
    title: str = field(repr=False)
    made_at: datetime
    used_at: datetime | None
    is_suspected: bool


class SecurityKeys:
    """Registers keys, takes them away, and judges what they sign. Changes are in the audit log before they are made."""

    def __init__(
        self, store: Store, tables: AccountTables, key: AccountKey, audit: Audit, clock: Callable[[], datetime]
    ) -> None:
        self._store, self._tables, self._key, self._audit, self._clock = store, tables, key, audit, clock

    def list_of(self, name: str) -> list[SecurityKey]:
        """Return an account's keys, the oldest first."""
        return [_show(row) for row in self._list(name)]

    def ask_for_new(self, relying: RelyingParty, challenge: bytes, name: str, title: str) -> str:
        """Return what a browser is asked to register a key for an account; `title` names the service to people."""
        known = [row.credential for row in self._list(name)]
        return ask_for_key(relying, challenge, title=title, name=name, user=self._name_user(name), known=known)

    def add(self, name: str, relying: RelyingParty, challenge: bytes, answer: str, title: str) -> None:
        """Register a key that signed the challenge.

        Raises: KeyRefused, KeyIsCopied, KeyTaken, KeyTitleRefused, TooManyKeys, AuditUnavailable.
        """
        title = _check_title(title)
        made = read_new_key(relying, challenge, answer)
        if len(self._list(name)) >= MOST_KEYS:
            raise TooManyKeys
        self._audit.write(name, AccountAct.KEY_ADDED, name)
        row = SecurityKeyRow(made.credential, name, made.public_key, made.sign_count, title, self._now())
        with self._store.writing() as connection:
            accounts_rows.lock_accounts(connection, self._tables, [name])
            if rows.count_keys(connection, self._tables, name) >= MOST_KEYS:
                raise TooManyKeys
            if not rows.insert_key(connection, self._tables, row):
                raise KeyTaken

    def prove(self, name: str, relying: RelyingParty, challenge: bytes, answer: str, *, but_not: str = "") -> bool:
        """Tell whether a key of this account, other than the one of number `but_not`, signed the challenge.

        Raises: KeySuspected for a key whose counter went back, now or before: there may be a copy of it.
        """
        try:
            named = read_named_key(answer)
            found = next((row for row in self._list(name) if row.credential == named.credential), None)
            if found is None or named.user != self._name_user(name) or _number(found) == but_not:
                return False
            sign_count = verify_proof(relying, challenge, answer, found.public_key)
        except KeyRefused:
            return False
        if found.suspected_at is not None:
            raise KeySuspected
        # A key without a counter says nought each time.
        if (sign_count or found.sign_count) and sign_count <= found.sign_count:
            self._suspect(found)
            raise KeySuspected
        with self._store.writing() as connection:
            return rows.note_use(connection, self._tables, found, sign_count, self._now())

    def rename(self, name: str, number: str, title: str) -> None:
        """Give a key another name. Raises: KeyTitleRefused, KeyRefused where there is no such key."""
        title, found = _check_title(title), self._find(name, number)
        self._audit.write(name, AccountAct.KEY_RENAMED, name)
        with self._store.writing() as connection:
            rows.rename_key(connection, self._tables, found.credential, title)

    def remove(self, name: str, number: str) -> None:
        """Take a key away, and end all sessions. Raises: LastFactor, KeyRefused where there is no such key."""
        found = self._find(name, number)
        self._refuse_last(self._list(name), found, has_app=self._has_app(name))
        self._audit.write(name, AccountAct.KEY_REMOVED, name)
        with self._store.writing() as connection:
            accounts_rows.lock_accounts(connection, self._tables, [name])
            has_app = self._read_app(connection, name)
            self._refuse_last(rows.list_keys(connection, self._tables, name), found, has_app=has_app)
            rows.delete_key(connection, self._tables, found.credential)
            delete_sessions(connection, self._tables, name)

    def remove_app(self, name: str) -> None:
        """Take the authenticator app away, and end all sessions. Raises: LastFactor where no key is left."""
        self._refuse_last(self._list(name), None, has_app=False)
        self._audit.write(name, AccountAct.APP_REMOVED, name)
        with self._store.writing() as connection:
            accounts_rows.lock_accounts(connection, self._tables, [name])
            self._refuse_last(rows.list_keys(connection, self._tables, name), None, has_app=False)
            accounts_rows.change_account(connection, self._tables, name, factor=None)
            delete_sessions(connection, self._tables, name)

    def _refuse_last(self, keys: Sequence[SecurityKeyRow], gone: SecurityKeyRow | None, *, has_app: bool) -> None:
        left = [row for row in keys if row.suspected_at is None and (gone is None or row.credential != gone.credential)]
        if not has_app and not left:
            raise LastFactor

    def _suspect(self, row: SecurityKeyRow) -> None:
        self._audit.write(row.account, AccountAct.KEY_SUSPECTED, row.account)
        with self._store.writing() as connection:
            rows.suspect_key(connection, self._tables, row.credential, self._now())

    def _find(self, name: str, number: str) -> SecurityKeyRow:
        found = next((row for row in self._list(name) if _number(row) == number), None)
        if found is None:
            raise KeyRefused
        return found

    def _list(self, name: str) -> list[SecurityKeyRow]:
        with self._store.reading() as connection:
            return rows.list_keys(connection, self._tables, name)

    def _has_app(self, name: str) -> bool:
        with self._store.reading() as connection:
            return self._read_app(connection, name)

    def _read_app(self, connection: Connection, name: str) -> bool:
        found = accounts_rows.load_account(connection, self._tables, name)
        return found is not None and found[0].factor is not None

    def _name_user(self, name: str) -> bytes:
        """Return what stands for an account inside a key: not its name, which whoever finds the key could read."""
        return self._key.mark("security key user", name)

    def _now(self) -> int:
        return int(self._clock().timestamp())


def _check_title(typed: str) -> str:
    title = " ".join(typed.split())
    if not 0 < len(title) <= MAX_TITLE or not title.isprintable():
        raise KeyTitleRefused
    return title


def _show(row: SecurityKeyRow) -> SecurityKey:
    used_at = None if row.used_at is None else datetime.fromtimestamp(row.used_at, UTC)
    made_at = datetime.fromtimestamp(row.made_at, UTC)
    return SecurityKey(_number(row), row.title, made_at, used_at, row.suspected_at is not None)


def _number(row: SecurityKeyRow) -> str:
    return hashlib.sha256(row.credential).hexdigest()[:16]
